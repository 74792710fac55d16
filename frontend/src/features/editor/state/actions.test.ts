import { beforeEach, describe, expect, it } from "vitest";
import type { GraphDocument } from "@/graph/document";
import { graphOf, linesOf, outputsOf } from "@/graph/testing";
import { indexCatalog } from "../catalogue";
import type { Editor } from "../EditorContext";
import { CATALOG, documentOf, entry, testEditor } from "../testing/catalog";
import { currentDocument } from "./documentStore";

let editor: Editor;
const graph = (): GraphDocument => currentDocument(editor.document.getState()).graph;
const selection = () => editor.view.getState().selection;
const refused = () => [...editor.view.getState().refused].map(([id, { reason }]) => [id, reason]);
const said = () => editor.view.getState().announcement.key;

beforeEach(() => {
  editor = testEditor();
});

describe("adding", () => {
  it("goes after the selection, with what the catalogue suggests, and selects the new layer", () => {
    editor.view.getState().select(["a"]);
    editor.actions.addAfterSelection("LayerA");
    expect(linesOf(graph())).toEqual(
      expect.arrayContaining(["n_layer_a_1: LayerA < a", "b: LayerA < n_layer_a_1"]),
    );
    expect(graph().nodes.find((node) => node.id === "n_layer_a_1")?.config).toEqual({ size: 8 });
    expect(selection()).toEqual(["n_layer_a_1"]);
    expect(said()).toBe("added");
    expect(editor.view.getState().recentTypes).toEqual(["LayerA"]);
  });

  it("goes after the last output when nothing is selected", () => {
    editor.actions.addAfterSelection("LayerA");
    expect(linesOf(graph())).toContain("n_layer_a_1: LayerA < b");
  });

  it("builds a chain in an empty graph press by press", () => {
    editor = testEditor({ document: documentOf(graphOf()) });
    for (const type of ["Start", "LayerA", "LayerB2D"]) editor.actions.addAfterSelection(type);
    expect(linesOf(graph())).toEqual([
      "n_start_1: Start",
      "n_layer_a_1: LayerA < n_start_1",
      "n_layer_b_1: LayerB2D < n_layer_a_1",
    ]);
    expect(outputsOf(graph())).toEqual(["n_layer_b_1"]);
  });

  it("never gives out an id twice, also after undo", () => {
    editor.actions.addAfterSelection("LayerA");
    editor.actions.undo();
    editor.actions.addAfterSelection("LayerA");
    expect(graph().nodes.map((node) => node.id)).toContain("n_layer_a_2");
  });
});

describe("wiring", () => {
  it("says why a link is refused and changes nothing", () => {
    const before = graph();
    expect(editor.actions.connect({ source: "b", target: "a" })).toBe(false);
    expect(said()).toBe("refusedCycle");
    expect(graph()).toBe(before);
  });

  it("connects by keyboard: start, walk, finish", () => {
    editor = testEditor({ document: documentOf(graphOf("s: Start", "a: LayerA < s", "b: LayerA < a")) });
    editor.view.getState().select(["s"]);
    editor.actions.startConnecting();
    expect(said()).toBe("connecting");
    editor.actions.walk("down");
    editor.actions.walk("down");
    expect(selection()).toEqual(["s"]);
    editor.actions.finishConnecting();
    expect(linesOf(graph())).toContain("b: LayerA < s");
    expect(editor.view.getState().connectFrom).toBeNull();
    expect(selection()).toEqual(["b"]);
  });

  it("shows which nodes cannot be the other end while a link is made", () => {
    editor.view.getState().select(["a"]);
    editor.actions.startConnecting();
    expect(refused()).toEqual([
      ["start", "no-input"],
      ["b", "already"],
    ]);
    editor.actions.cancelConnecting();
    expect(editor.view.getState().refused.size).toBe(0);
    editor.actions.startLinking({ target: "a" });
    expect(refused()).toEqual([
      ["start", "already"],
      ["b", "cycle"],
    ]);
  });

  it("keeps connecting after a refusal, and stops on cancel", () => {
    editor.view.getState().select(["b"]);
    editor.actions.startConnecting();
    editor.actions.walk("up");
    editor.actions.finishConnecting();
    expect(editor.view.getState().connectFrom).toBe("b");
    editor.actions.cancelConnecting();
    expect(editor.view.getState().connectFrom).toBeNull();
  });
});

describe("removing and copying", () => {
  it("deletes the selection, closes the gap and moves to the layer before", () => {
    editor.view.getState().select(["a"]);
    editor.actions.deleteSelection();
    expect(linesOf(graph())).toEqual(["start: Start", "b: LayerA < start"]);
    expect(selection()).toEqual(["start"]);
  });

  it("deletes a selected edge", () => {
    editor.view.getState().selectEdges([{ target: "b", port: 0 }]);
    editor.actions.deleteSelection();
    expect(linesOf(graph())).toContain("b: LayerA");
  });

  it("pastes what was copied and selects the copy", () => {
    editor.view.getState().select(["a", "b"]);
    const copied = editor.actions.copy();
    expect(editor.actions.paste(copied ?? "")).toBe(true);
    expect(selection()).toEqual(["n_layer_a_1", "n_layer_a_2"]);
    expect(linesOf(graph())).toContain("n_layer_a_2: LayerA < n_layer_a_1");
  });

  it("says when the clipboard holds no layers", () => {
    const before = graph();
    expect(editor.actions.paste("some words")).toBe(false);
    expect(said()).toBe("notPasted");
    expect(graph()).toBe(before);
  });

  it("drops from the selection what an undo takes away", () => {
    editor.actions.addAfterSelection("LayerA");
    editor.actions.undo();
    expect(selection()).toEqual([]);
  });

  it("selects what a redo brings back, as it was after the act itself", () => {
    editor.view.getState().select(["a"]);
    editor.actions.paste(editor.actions.copy() ?? "");
    editor.actions.undo();
    editor.actions.redo();
    expect(selection()).toEqual(["n_layer_a_1"]);
    editor.actions.deleteSelection();
    expect(graph().nodes.map(({ id }) => id)).toEqual(["start", "a", "b"]);
  });
});

describe("parameters, names and training settings", () => {
  it("leaves a default unsaid", () => {
    editor.actions.setParameter("a", "mode", "fancy");
    expect(graph().nodes[1]?.config).toEqual({ mode: "fancy" });
    editor.actions.setParameter("a", "mode", "plain");
    expect(graph().nodes[1]?.config).toEqual({});
  });

  it("undoes a typed number in one step", () => {
    for (const value of [1, 12, 128]) editor.actions.setParameter("a", "size", value);
    editor.actions.undo();
    expect(graph().nodes[1]?.config).toEqual({});
  });

  it("renames a layer, keeps it selected, and refuses a name that was used", () => {
    editor.view.getState().select(["a"]);
    expect(editor.actions.renameLayer("a", "first")).toBe("done");
    expect(selection()).toEqual(["first"]);
    expect(editor.actions.renameLayer("b", "a")).toBe("wasTaken");
    expect(editor.actions.renameLayer("b", "first")).toBe("taken");
    expect(editor.actions.renameLayer("b", "not a name")).toBe("noName");
  });

  it("undoes training settings like everything else", () => {
    editor.actions.setTraining("epochs", 7);
    expect(currentDocument(editor.document.getState()).training.epochs).toBe(7);
    editor.actions.undo();
    expect(currentDocument(editor.document.getState()).training.epochs).toBe(3);
  });

  it("records a drag as one step", () => {
    const before = graph().layout;
    editor.document.getState().begin();
    editor.actions.drop({ a: { x: 300, y: 20 } }, null);
    editor.document.getState().end();
    expect(graph().layout.a).toEqual({ x: 300, y: 20 });
    editor.actions.undo();
    expect(graph().layout).toEqual(before);
  });
});

describe("fixes", () => {
  const label = "Do it";

  it("applies one and selects what it added", () => {
    const added = { id: "new", type: "LayerB2D", config: {}, inputs: [{ node: "a" }] };
    const patch = [
      { op: "add", path: "/nodes/2", value: added },
      { op: "replace", path: "/nodes/3/inputs/0/node", value: "new" },
    ];
    expect(editor.actions.fix({ label, target: "graph", patch })).toBe(true);
    expect(linesOf(graph())).toContain("b: LayerA < new");
    expect(selection()).toEqual(["new"]);
    editor.actions.undo();
    expect(linesOf(graph())).toContain("b: LayerA < a");
  });

  it("refuses one that was made for another document", () => {
    const before = graph();
    const patch = [{ op: "remove", path: "/nodes/9" }];
    expect(editor.actions.fix({ label, target: "graph", patch })).toBe(false);
    expect(said()).toBe("fixStale");
    expect(graph()).toBe(before);
  });
});

describe("a layer that data enters by", () => {
  it("takes the shape of the chosen dataset, as far as that is known", () => {
    const shape = { type: "array", title: "Shape", "x-widget": "shape", "x-suggest": [28, 28, 1] };
    const source = entry("Source", {
      inputs: { min: 0, max: 0 },
      properties: { shape },
      required: ["shape"],
    });
    const catalogue = indexCatalog({ ...CATALOG, layers: [...CATALOG.layers, source] });
    const editor = testEditor({ catalogue, inputShapeOf: (id) => (id === "small" ? [8, 8, 1] : null) });
    const add = (id: string) => {
      editor.actions.setTraining("dataset", { id });
      editor.actions.addAt("Source", { x: 0, y: 0 });
      return currentDocument(editor.document.getState()).graph.nodes.at(-1)?.config;
    };
    expect(add("small")).toEqual({ shape: [8, 8, 1] });
    expect(add("unheard")).toEqual({ shape: [28, 28, 1] });
  });
});
