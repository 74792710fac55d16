import { describe, expect, it } from "vitest";
import { addNode, setParameter } from "./commands";
import { readGraph, readTraining } from "./document";
import { applyFix } from "./fixes";
import { makeId, stemOf } from "./ids";
import { defaultsIn, normalizeGraph } from "./normalize";
import { setOutput } from "./outputs";
import { PatchError } from "./patch";
import { freePlace, layered, layoutInput, placeMissing, STEP_Y } from "./placement";
import { graphOf, linesOf, outputsOf } from "./testing";
import { topologicalOrder } from "./topology";
import { readChoice, renameInTraining, setTraining, writeChoice } from "./training";
import { neighbour } from "./walk";

const chain = () => graphOf("start: Start", "a: LayerA < start", "b: LayerA < a");
const fork = () => graphOf("start: Start", "a: LayerA < start", "b: LayerA < start", "join: Join < a b");
const training = () => ({ format: "lamina.training", version: 1, epochs: 3 }) as const;

describe("reading documents", () => {
  it("gives back a graph as it is", () => {
    expect(readGraph(JSON.parse(JSON.stringify(fork())))).toEqual(fork());
  });

  it.each([null, {}, { format: "lamina.graph", version: 2 }, { format: "other", version: 1 }])(
    "refuses %j",
    (value) => {
      expect(readGraph(value)).toBeNull();
      expect(readTraining(value)).toBeNull();
    },
  );

  it("leaves out what is no node, no source and no place", () => {
    const graph = readGraph({
      format: "lamina.graph",
      version: 1,
      nodes: [
        { id: "a", type: "LayerA", inputs: [3, { node: "b", output: -1 }] },
        { id: 5 },
        { id: "a", type: "Again" },
      ],
      layout: { a: { x: "left", y: 0 }, b: { x: 1, y: 2 } },
    });
    expect(graph?.nodes).toEqual([{ id: "a", type: "LayerA", config: {}, inputs: [] }]);
    expect(graph?.layout).toEqual({ b: { x: 1, y: 2 } });
  });

  it("keeps entries of a training document that it does not know", () => {
    expect(readTraining({ ...training(), later: { a: 1 } })).toEqual({ ...training(), later: { a: 1 } });
  });
});

describe("ids", () => {
  it.each([
    ["LayerA", "layer_a"],
    ["LayerB2D", "layer_b"],
    ["XMLJoin", "xml_join"],
    ["Global3DPart", "global_part"],
    ["层", "node"],
  ])("makes words of %s", (type, stem) => {
    expect(stemOf(type)).toBe(stem);
  });

  it("takes the first free number", () => {
    expect(makeId("LayerA", new Set())).toBe("n_layer_a_1");
    expect(makeId("LayerA", new Set(["n_layer_a_1", "n_layer_a_3"]))).toBe("n_layer_a_2");
  });
});

describe("normalizing", () => {
  const defaults = () => ({ size: 3, rate: null });

  it("leaves out defaults, and outputs and places of nodes that are gone", () => {
    const graph = setParameter(setParameter(chain(), "a", "size", 3), "a", "rate", 2);
    const messy = {
      ...graph,
      outputs: [...graph.outputs, { node: "gone" }],
      layout: { ...graph.layout, gone: { x: 0, y: 0 } },
    };
    const normal = normalizeGraph(messy, defaults);
    expect(normal.nodes[1]?.config).toEqual({ rate: 2 });
    expect(outputsOf(normal)).toEqual(["b"]);
    expect(normal.layout).not.toHaveProperty("gone");
  });

  it("returns a normal document itself", () => {
    const graph = chain();
    expect(normalizeGraph(graph, defaults)).toBe(graph);
  });

  it("finds the defaults in a schema", () => {
    const schema = {
      properties: { size: { default: 3 }, name: { type: "string" }, rate: { default: null } },
    };
    expect(defaultsIn(schema)).toEqual({ size: 3, rate: null });
    expect(defaultsIn(null)).toEqual({});
  });
});

describe("placing", () => {
  it("puts each layer of the graph below the one before", () => {
    const layout = layered(fork());
    expect(layout.start?.y).toBe(0);
    expect(layout.a?.y).toBe(STEP_Y);
    expect(layout.b?.y).toBe(STEP_Y);
    expect(layout.a?.x).not.toBe(layout.b?.x);
    expect(layout.join?.y).toBe(2 * STEP_Y);
  });

  it("finds a free place beside what stands there", () => {
    expect(freePlace({ a: { x: 0, y: 0 } }, { x: 10, y: 10 }).x).toBeGreaterThan(200);
    expect(freePlace({ a: { x: 0, y: 0 } }, { x: 0, y: 500 })).toEqual({ x: 0, y: 500 });
  });

  it("makes room for a node between two others and leaves the rest", () => {
    const graph = chain();
    const { a: _a, ...without } = graph.layout;
    const tight = { ...graph, layout: { ...without, b: { x: 0, y: STEP_Y } } };
    const placed = placeMissing(tight);
    expect(placed.layout.start).toEqual(graph.layout.start);
    expect(placed.layout.a?.y).toBe(STEP_Y);
    expect(placed.layout.b?.y).toBe(2 * STEP_Y);
  });

  it("describes the graph for a layout worker", () => {
    const input = layoutInput(chain(), (id) => (id === "a" ? { width: 300, height: 80 } : undefined));
    expect(input.nodes.find((node) => node.id === "a")).toEqual({ id: "a", width: 300, height: 80 });
    expect(input.edges).toEqual([
      { source: "start", target: "a" },
      { source: "a", target: "b" },
    ]);
  });
});

describe("walking", () => {
  it("follows the edges up and down", () => {
    expect(neighbour(chain(), "start", "down")).toBe("a");
    expect(neighbour(chain(), "b", "up")).toBe("a");
    expect(neighbour(chain(), "start", "up")).toBeNull();
  });

  it("goes sideways by position", () => {
    expect(neighbour(fork(), "a", "right")).toBe("b");
    expect(neighbour(fork(), "b", "left")).toBe("a");
  });

  it("reaches a loose node", () => {
    const graph = addNode(chain(), { id: "loose", type: "LayerA" }, { x: 0, y: 900 });
    expect(neighbour(graph, "b", "down")).toBe("loose");
  });

  it("orders nodes from inputs to outputs, cycles last", () => {
    const cyclic = graphOf("x: LayerA < y", "y: LayerA < x", "b: LayerA < a", "a: Start");
    expect(topologicalOrder(cyclic)).toEqual(["a", "b", "x", "y"]);
  });
});

describe("outputs", () => {
  it("keeps a node in the middle that was made an output on purpose", () => {
    const graph = setOutput(chain(), "a", true);
    expect(outputsOf(graph)).toEqual(["b", "a"]);
    expect(outputsOf(setParameter(graph, "a", "size", 1))).toEqual(["b", "a"]);
    expect(outputsOf(setOutput(graph, "a", false))).toEqual(["b"]);
  });
});

describe("training documents", () => {
  it("sets and clears entries", () => {
    const set = setTraining(training(), "epochs", 5);
    expect(set.epochs).toBe(5);
    expect(setTraining(set, "epochs", 5)).toBe(set);
    expect(setTraining(set, "epochs", undefined)).toEqual({ format: "lamina.training", version: 1 });
  });

  it("reads a name and a configured choice alike", () => {
    expect(readChoice("plain")).toEqual({ type: "plain", config: {} });
    expect(readChoice({ type: "T", config: { rate: 1 } })).toEqual({ type: "T", config: { rate: 1 } });
    expect(readChoice(3)).toBeNull();
    expect(writeChoice({ type: "T", config: {} })).toBe("T");
    expect(writeChoice({ type: "T", config: { rate: 1 } })).toEqual({ type: "T", config: { rate: 1 } });
  });

  it("follows a renamed output", () => {
    const document = setTraining(training(), "loss", { a: "one", b: "two" });
    expect(renameInTraining(document, "a", "first").loss).toEqual({ first: "one", b: "two" });
  });
});

describe("fixes", () => {
  const document = () => ({ graph: chain(), training: training() });

  it("changes the graph and places what is new", () => {
    const patch = [
      {
        op: "add",
        path: "/nodes/2",
        value: { id: "c", type: "LayerA", config: {}, inputs: [{ node: "a" }] },
      },
      { op: "replace", path: "/nodes/3/inputs/0/node", value: "c" },
    ];
    const { graph } = applyFix(document(), { target: "graph", patch });
    expect(linesOf(graph)).toEqual(["start: Start", "a: LayerA < start", "c: LayerA < a", "b: LayerA < c"]);
    expect(graph.layout.c?.y).toBe(2 * STEP_Y);
    expect(graph.layout.b?.y).toBe(3 * STEP_Y);
  });

  it("changes the training document", () => {
    const patch = [{ op: "replace", path: "/epochs", value: 9 }];
    expect(applyFix(document(), { target: "training", patch }).training.epochs).toBe(9);
  });

  it("refuses one that was made for another document", () => {
    const stale = [{ op: "replace", path: "/nodes/9/type", value: "LayerA" }];
    expect(() => applyFix(document(), { target: "graph", patch: stale })).toThrow(PatchError);
    const ruin = [{ op: "remove", path: "/format" }];
    expect(() => applyFix(document(), { target: "graph", patch: ruin })).toThrow(PatchError);
    expect(() => applyFix(document(), { target: "training", patch: ruin })).toThrow(PatchError);
  });
});
