import { describe, expect, it } from "vitest";
import { graphOf } from "@/graph/testing";
import { flowEdges, flowNodes, handleIndex } from "./canvas/flow";
import { keyParameters } from "./canvas/keyParameters";
import { fittingFirst, type LayerType } from "./catalogue";
import { formatCount, formatShape, formatSize, formatValue } from "./format";
import { COMMANDS } from "./keyboard/commands";
import { keysOf, shortcutOf } from "./keyboard/shortcut";
import { outlineRows } from "./outline/outlineRows";
import { searchLayers } from "./palette/searchLayers";
import { CATALOGUE, chain } from "./testing/catalog";
import { hasModel, progressOf } from "./topbar/runState";

describe("words for values", () => {
  it("writes shapes without the batch axis", () => {
    expect(formatShape([null, 26, 26, 32])).toBe("26 × 26 × 32");
    expect(formatShape([null, null, 8])).toBe("? × 8");
    expect(formatShape([null])).toBe("1");
    expect(formatShape(null)).toBeNull();
  });

  it.each([
    [0, "0"],
    [1250, "1,250"],
    [34_600, "34.6 k"],
    [1_199_882, "1.2 M"],
    [2.5e9, "2.5 G"],
  ])("writes the count %d", (count, text) => {
    expect(formatCount(count, "en")).toBe(text);
  });

  it("writes values as short as they can be", () => {
    expect(formatSize([3, 3])).toBe("3 × 3");
    expect(formatSize(2)).toBe("2");
    expect(formatValue([0, 255])).toBe("[0, 255]");
    expect(formatValue(Array.from("abcdefgh"))).toBe("[a, b, c, d, e, f, …]");
    expect(
      formatValue([
        [1, 1],
        [2, 3],
      ]),
    ).toBe("1, 1 | 2, 3");
    expect(formatValue(null)).toBe("–");
    expect(formatValue({ type: "Special", config: {} })).toBe("Special");
  });
});

describe("the parameters that a node shows", () => {
  const fields = (type: string) => CATALOGUE.layer(type)?.fields ?? [];

  it("are those that must be given and those that differ from their default", () => {
    const shown = keyParameters(fields("LayerA"), { size: 8, mode: "fancy" });
    expect(shown.map(({ name, value }) => [name, value])).toEqual([
      ["size", 8],
      ["mode", "fancy"],
    ]);
  });

  it("are a size where nothing else tells the layer apart", () => {
    const [window] = keyParameters(fields("LayerB2D"), {});
    expect([window?.value, window?.isSize]).toEqual([[2, 2], true]);
    expect(keyParameters(fields("Join"), {})).toEqual([]);
  });
});

describe("the graph as React Flow takes it", () => {
  const view = { selection: new Set<string>(), focusStop: "a", labelOf: (id: string) => id };
  const edgeView = { selected: [], labelOf: () => "edge" };

  it("keeps the identity of what did not change", () => {
    const graph = chain();
    const before = flowNodes([], graph, view);
    expect(flowNodes(before, graph, view)).toBe(before);
    const after = flowNodes(before, { ...graph, layout: { ...graph.layout, a: { x: 5, y: 5 } } }, view);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    const edges = flowEdges([], graph, CATALOGUE, edgeView);
    expect(flowEdges(edges, graph, CATALOGUE, edgeView)).toBe(edges);
  });

  it("has one stop for the Tab key", () => {
    const stops = flowNodes([], chain(), view).filter((node) => node.domAttributes?.tabIndex === 0);
    expect(stops.map((node) => node.id)).toEqual(["a"]);
  });

  it("draws all edges into a join to its one handle", () => {
    const graph = graphOf("s: Start", "a: LayerA < s", "b: LayerA < s", "j: Join < a b");
    const into = flowEdges([], graph, CATALOGUE, edgeView).filter((edge) => edge.target === "j");
    expect(into.map((edge) => [edge.targetHandle, edge.data?.port])).toEqual([
      ["in-0", 0],
      ["in-0", 1],
    ]);
    expect(handleIndex("out-2")).toBe(2);
    expect(handleIndex(null)).toBe(0);
  });
});

describe("the catalogue", () => {
  it("orders layers by group and counts their inputs", () => {
    expect(CATALOGUE.layers.map((layer) => layer.entry.name)).toEqual([
      "Start",
      "LayerA",
      "LayerB2D",
      "Join",
    ]);
    expect(CATALOGUE.inputsOf("Join")).toEqual({ min: 2, max: null });
    expect(CATALOGUE.inputsOf("Unheard")).toEqual({ min: 0, max: null });
    expect(CATALOGUE.layer("LayerA")?.start).toEqual({ size: 8 });
  });

  it("has those first that can take a tensor, and among those that are found, too", () => {
    const names = (layers: readonly LayerType[]) => layers.map((layer) => layer.entry.name);
    const behind = fittingFirst(CATALOGUE.layers, 4);
    expect(names(behind)).toEqual(["Start", "LayerB2D", "Join", "LayerA"]);
    expect(names(searchLayers(behind, "layer"))).toEqual(["LayerB2D", "LayerA"]);
    expect(names(fittingFirst(CATALOGUE.layers, undefined))).toEqual(names(CATALOGUE.layers));
  });

  it("is searched with the best first", () => {
    const names = (query: string) => searchLayers(CATALOGUE.layers, query).map((layer) => layer.entry.name);
    expect(names("layer")[0]).toBe("LayerA");
    expect(names("关于 join")).toEqual(["Join"]);
    expect(names("")).toHaveLength(4);
    expect(names("zzz")).toEqual([]);
  });
});

describe("shortcuts", () => {
  const press = (
    key: string,
    held: Partial<Record<"ctrlKey" | "metaKey" | "shiftKey" | "altKey", boolean>> = {},
  ) => shortcutOf({ key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held });

  it("are read from what is pressed", () => {
    expect(press("z", { ctrlKey: true, shiftKey: true })).toBe("Mod+Shift+Z");
    expect(press("k", { metaKey: true })).toBe("Mod+K");
    expect(press("?", { shiftKey: true })).toBe("?");
    expect(press("ArrowUp", { shiftKey: true })).toBe("Shift+ArrowUp");
  });

  it("are drawn as keys", () => {
    expect(keysOf("Mod+Shift+Z", false)).toEqual(["Ctrl", "Shift", "Z"]);
    expect(keysOf("Mod+K", true)).toEqual(["⌘", "K"]);
    expect(keysOf("+", false)).toEqual(["+"]);
  });

  it("belong to one command each", () => {
    const keys = COMMANDS.flatMap((command) => command.keys);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(COMMANDS.map((command) => command.id)).size).toBe(COMMANDS.length);
  });
});

describe("the outline", () => {
  it("shows what a layer is joined to once it is opened", () => {
    const rows = outlineRows(chain(), new Set(["a"]));
    expect(rows.map((row) => row.key)).toEqual(["start", "a", "a from start", "a to b", "b"]);
  });
});

describe("a run", () => {
  const run = {
    id: "r",
    message: null,
    model_version: 1,
    epoch: 1,
    epochs: 4,
    seconds_left: null,
    test: null,
  };

  it("has a model when it learned something", () => {
    const state = (name: "SUCCEEDED" | "STOPPED" | "FAILED", step: number) =>
      hasModel({ ...run, state: name, step, steps_per_epoch: 10 });
    expect(state("SUCCEEDED", 40)).toBe(true);
    expect(state("STOPPED", 3)).toBe(true);
    expect(state("STOPPED", 0)).toBe(false);
    expect(state("FAILED", 40)).toBe(false);
  });

  it("is as far as its steps", () => {
    expect(progressOf({ ...run, state: "RUNNING", step: 10, steps_per_epoch: 10 })).toBe(0.25);
    expect(progressOf({ ...run, state: "STARTING", step: 0, steps_per_epoch: null })).toBeNull();
  });
});
