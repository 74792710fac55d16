import { describe, expect, it } from "vitest";
import { fragmentOf, paste, readFragment, writeFragment } from "./clipboard";
import { graphOf, linesOf, outputsOf } from "./testing";

const graph = graphOf("start: Start", "a: LayerA < start", "b: LayerB2D < a", "c: LayerA < b");
const none = new Set<string>();

describe("clipboard", () => {
  it("copies nodes with the edges among them", () => {
    expect(fragmentOf(graph, ["a", "b"]).nodes.map((node) => [node.id, node.inputs])).toEqual([
      ["a", []],
      ["b", [{ node: "a" }]],
    ]);
  });

  it("reads what it wrote", () => {
    const fragment = fragmentOf(graph, ["a", "b"]);
    expect(readFragment(writeFragment(fragment))).toEqual(fragment);
  });

  it("reads a whole graph document", () => {
    expect(readFragment(JSON.stringify(graph))?.nodes).toEqual(graph.nodes);
  });

  it.each([
    "",
    "hello",
    "[]",
    "null",
    '{"format":"other","nodes":[]}',
    '{"format":"lamina.fragment","version":2,"nodes":[]}',
  ])("takes %j for something else", (text) => {
    expect(readFragment(text)).toBeNull();
  });

  it("pastes under new ids and leaves the outputs alone", () => {
    const pasted = paste(graph, fragmentOf(graph, ["a", "b"]), none);
    expect(linesOf(pasted.graph).slice(4)).toEqual([
      "n_layer_a_1: LayerA",
      "n_layer_b_1: LayerB2D < n_layer_a_1",
    ]);
    expect(pasted.ids).toEqual(["n_layer_a_1", "n_layer_b_1"]);
    expect(outputsOf(pasted.graph)).toEqual(["c"]);
  });

  it("never uses an id again that was used before", () => {
    const pasted = paste(graph, fragmentOf(graph, ["a"]), new Set(["n_layer_a_1"]));
    expect(pasted.ids).toEqual(["n_layer_a_2"]);
  });

  it("stands beside what it was copied from, also the second time", () => {
    const first = paste(graph, fragmentOf(graph, ["a", "b"]), none);
    const second = paste(first.graph, fragmentOf(graph, ["a", "b"]), none);
    const xs = ["a", ...first.ids.slice(0, 1), ...second.ids.slice(0, 1)].map(
      (id) => second.graph.layout[id]?.x ?? 0,
    );
    expect(xs[1]).toBeGreaterThan(xs[0] ?? 0);
    expect(xs[2]).toBeGreaterThan(xs[1] ?? 0);
    expect(second.graph.layout.a).toEqual(graph.layout.a);
  });

  it("puts the corner where it is asked to", () => {
    const { graph: after, ids } = paste(graph, fragmentOf(graph, ["b", "c"]), none, { x: 500, y: 40 });
    const [first = "", second = ""] = ids;
    expect(after.layout[first]).toEqual({ x: 500, y: 40 });
    expect((after.layout[second]?.y ?? 0) - 40).toBe((graph.layout.c?.y ?? 0) - (graph.layout.b?.y ?? 0));
  });

  it("places nodes that came without positions", () => {
    const fragment = { nodes: graph.nodes, layout: {} };
    const { graph: after, ids } = paste({ ...graph, nodes: [], outputs: [], layout: {} }, fragment, none, {
      x: 0,
      y: 0,
    });
    const ys = ids.map((id) => after.layout[id]?.y);
    expect(new Set(ys).size).toBe(ids.length);
    expect(outputsOf(after)).toHaveLength(1);
  });

  it("keeps sharing inside the copy and with nodes that are there", () => {
    const nodes = graph.nodes.map((node) => (node.id === "c" ? { ...node, shares: "a" } : node));
    const sharing = { ...graph, nodes };
    const both = paste(sharing, fragmentOf(sharing, ["a", "c"]), none).graph.nodes;
    expect(both.at(-1)?.shares).toBe("n_layer_a_1");
    const alone = paste(sharing, fragmentOf(sharing, ["c"]), none).graph.nodes;
    expect(alone.at(-1)?.shares).toBe("a");
  });
});
