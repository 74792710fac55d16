import { describe, expect, it } from "vitest";
import {
  addAfter,
  addBefore,
  addBranch,
  addNode,
  connect,
  disconnect,
  insertOnEdge,
  moveInput,
  moveNodes,
  moveOntoEdge,
  reconnect,
  refusal,
  removeNodes,
  renameNode,
  setParameter,
} from "./commands";
import { source } from "./document";
import { countsOf, graphOf, linesOf, MANY, NONE, ONE, outputsOf, randomEdit, seeded } from "./testing";
import { reaches, topologyOf } from "./topology";

const chain = () => graphOf("start: Start", "a: LayerA < start", "b: LayerA < a");
const fork = () => graphOf("start: Start", "a: LayerA < start", "b: LayerA < start", "join: Join < a b");

describe("adding", () => {
  it("wires a node after the end of a chain and makes it the output", () => {
    const graph = addAfter(chain(), { id: "c", type: "LayerA" }, "b", ONE);
    expect(linesOf(graph)).toContain("c: LayerA < b");
    expect(outputsOf(graph)).toEqual(["c"]);
  });

  it("puts a node after one in the middle in between", () => {
    const graph = addAfter(chain(), { id: "c", type: "LayerA" }, "a", ONE);
    expect(linesOf(graph)).toEqual(["start: Start", "a: LayerA < start", "c: LayerA < a", "b: LayerA < c"]);
    expect(outputsOf(graph)).toEqual(["b"]);
  });

  it("feeds everything that the node before fed", () => {
    const graph = addAfter(fork(), { id: "c", type: "LayerA" }, "start", ONE);
    expect(linesOf(graph)).toEqual(
      expect.arrayContaining(["c: LayerA < start", "a: LayerA < c", "b: LayerA < c"]),
    );
  });

  it("leaves a type without inputs unwired", () => {
    const graph = addAfter(chain(), { id: "more", type: "Start" }, "b", NONE);
    expect(linesOf(graph)).toContain("more: Start");
    expect(outputsOf(graph)).toEqual(["b"]);
  });

  it("keeps what is fed when a branch is added", () => {
    const graph = addBranch(chain(), { id: "c", type: "LayerA" }, source("a"), ONE);
    expect(linesOf(graph)).toEqual(expect.arrayContaining(["b: LayerA < a", "c: LayerA < a"]));
    expect(outputsOf(graph)).toEqual(["b", "c"]);
  });

  it("adds before on the first edge in", () => {
    const graph = addBefore(chain(), { id: "c", type: "LayerA" }, "b", { node: ONE, before: ONE });
    expect(linesOf(graph)).toEqual(expect.arrayContaining(["c: LayerA < a", "b: LayerA < c"]));
  });

  it("feeds a node that has no input yet when added before it", () => {
    const loose = addNode(chain(), { id: "loose", type: "LayerA" });
    const graph = addBefore(loose, { id: "c", type: "Start" }, "loose", { node: NONE, before: ONE });
    expect(linesOf(graph)).toContain("loose: LayerA < c");
  });

  it("refuses to add before a node that takes nothing, and an id that is taken", () => {
    const graph = chain();
    expect(addBefore(graph, { id: "c", type: "LayerA" }, "start", { node: ONE, before: NONE })).toBe(graph);
    expect(addAfter(graph, { id: "a", type: "LayerA" }, "b", ONE)).toBe(graph);
  });

  it("inserts on an edge and makes room below", () => {
    const before = chain();
    const graph = insertOnEdge(before, { id: "c", type: "LayerA" }, { target: "b", port: 0 }, ONE);
    expect(linesOf(graph)).toEqual(expect.arrayContaining(["c: LayerA < a", "b: LayerA < c"]));
    expect(graph.layout.b?.y).toBeGreaterThan(before.layout.b?.y ?? 0);
    expect(graph.layout.a).toEqual(before.layout.a);
  });

  it("puts a loose node onto an edge, and no other", () => {
    const loose = addNode(chain(), { id: "c", type: "LayerA" });
    const graph = moveOntoEdge(loose, "c", { target: "b", port: 0 }, ONE);
    expect(linesOf(graph)).toEqual(expect.arrayContaining(["c: LayerA < a", "b: LayerA < c"]));
    expect(moveOntoEdge(graph, "a", { target: "b", port: 0 }, ONE)).toBe(graph);
  });
});

describe("wiring", () => {
  it("says why a connection cannot be", () => {
    const graph = fork();
    expect(refusal(graph, { source: "a", target: "a" }, ONE)).toBe("itself");
    expect(refusal(graph, { source: "join", target: "a" }, ONE)).toBe("cycle");
    expect(refusal(graph, { source: "a", target: "join" }, MANY)).toBe("already");
    expect(refusal(graph, { source: "a", target: "start" }, NONE)).toBe("no-input");
    expect(refusal(graph, { source: "gone", target: "a" }, ONE)).toBe("unknown");
    expect(refusal(graph, { source: "a", target: "b" }, ONE)).toBeNull();
  });

  it("takes over the port of a node with one input", () => {
    const graph = connect(fork(), { source: "a", target: "b" }, ONE);
    expect(linesOf(graph)).toContain("b: LayerA < a");
  });

  it("adds an input where any number is taken", () => {
    const graph = connect(fork(), { source: "start", target: "join" }, MANY);
    expect(linesOf(graph)).toContain("join: Join < a b start");
  });

  it("moves an edge to another node in one step", () => {
    const graph = reconnect(chain(), { target: "b", port: 0 }, { source: "start", target: "b" }, ONE);
    expect(linesOf(graph)).toContain("b: LayerA < start");
    expect(outputsOf(graph)).toEqual(["b", "a"]);
  });

  it("leaves everything when an edge is moved to where it cannot be", () => {
    const graph = chain();
    expect(reconnect(graph, { target: "a", port: 0 }, { source: "b", target: "a" }, ONE)).toBe(graph);
  });

  it("moves later inputs up when one is taken away", () => {
    const graph = disconnect(fork(), [{ target: "join", port: 0 }]);
    expect(linesOf(graph)).toContain("join: Join < b");
    expect(outputsOf(graph)).toEqual(["join", "a"]);
  });

  it("changes the order of inputs", () => {
    expect(linesOf(moveInput(fork(), "join", 0, 1))).toContain("join: Join < b a");
    const graph = fork();
    expect(moveInput(graph, "join", 0, 5)).toBe(graph);
  });

  it("hands the place in the order of outputs to the new end", () => {
    const two = graphOf("start: Start", "a: LayerA < start", "b: LayerA < start");
    const graph = addAfter(two, { id: "c", type: "LayerA" }, "a", ONE);
    expect(outputsOf(graph)).toEqual(["c", "b"]);
  });
});

describe("removing", () => {
  it("closes the gap in a chain", () => {
    const graph = removeNodes(chain(), ["a"]);
    expect(linesOf(graph)).toEqual(["start: Start", "b: LayerA < start"]);
    expect(graph.layout).not.toHaveProperty("a");
  });

  it("makes the node before a removed end the output", () => {
    expect(outputsOf(removeNodes(chain(), ["b"]))).toEqual(["a"]);
  });

  it("closes the gap over several removed nodes", () => {
    const long = graphOf("start: Start", "a: LayerA < start", "b: LayerA < a", "c: LayerA < b");
    expect(linesOf(removeNodes(long, ["a", "b"]))).toEqual(["start: Start", "c: LayerA < start"]);
  });

  it("does not wire the same source twice", () => {
    expect(linesOf(removeNodes(fork(), ["a", "b"]))).toEqual(["start: Start", "join: Join < start"]);
  });

  it("cuts what a join fed", () => {
    const graph = addAfter(fork(), { id: "c", type: "LayerA" }, "join", ONE);
    expect(linesOf(removeNodes(graph, ["join"]))).toContain("c: LayerA");
  });

  it("hands shared weights to the first sharer", () => {
    const graph = chain();
    const nodes = graph.nodes.map((node) =>
      node.id === "a" ? { ...node, config: { size: 3 } } : node.id === "b" ? { ...node, shares: "a" } : node,
    );
    const left = removeNodes({ ...graph, nodes }, ["a"]).nodes.find((node) => node.id === "b");
    expect(left?.config).toEqual({ size: 3 });
    expect(left).not.toHaveProperty("shares");
  });
});

describe("parameters, names and places", () => {
  it("does not write down a default", () => {
    const set = setParameter(chain(), "a", "size", 5, 3);
    expect(set.nodes[1]?.config).toEqual({ size: 5 });
    expect(setParameter(set, "a", "size", 3, 3).nodes[1]?.config).toEqual({});
    expect(setParameter(set, "a", "size", undefined).nodes[1]?.config).toEqual({});
  });

  it("keeps null where null is not the default", () => {
    expect(setParameter(chain(), "a", "rate", null, 1).nodes[1]?.config).toEqual({ rate: null });
  });

  it("returns the same document when nothing changes", () => {
    const graph = chain();
    expect(setParameter(graph, "a", "size", 3, 3)).toBe(graph);
    expect(moveNodes(graph, { a: graph.layout.a ?? { x: 1, y: 1 } })).toBe(graph);
    expect(removeNodes(graph, ["nobody"])).toBe(graph);
    expect(disconnect(graph, [{ target: "start", port: 0 }])).toBe(graph);
  });

  it("shares the nodes that did not change", () => {
    const graph = chain();
    const moved = moveNodes(graph, { a: { x: 7, y: 7 } });
    expect(moved.nodes).toBe(graph.nodes);
    const set = setParameter(graph, "a", "size", 9);
    expect(set.nodes[0]).toBe(graph.nodes[0]);
  });

  it("renames a node wherever it is spoken of", () => {
    const graph = renameNode(renameNode(chain(), "a", "first"), "b", "last");
    expect(linesOf(graph)).toEqual(["start: Start", "first: LayerA < start", "last: LayerA < first"]);
    expect(outputsOf(graph)).toEqual(["last"]);
    expect(Object.keys(graph.layout)).toEqual(["start", "first", "last"]);
  });

  it.each(["b", "1st", "with space", "", "a/b", "a.b", "a\tb"])("refuses the name %j", (name) => {
    const graph = chain();
    expect(renameNode(graph, "a", name)).toBe(graph);
  });
});

describe("whatever is done", () => {
  const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

  it.each(seeds)("the document stays sound (seed %i)", (seed) => {
    const random = seeded(seed);
    let graph = fork();
    for (let count = 0; count < 60; count += 1) {
      const before = JSON.stringify(graph);
      const frozen = graph;
      graph = randomEdit(graph, random);
      expect(JSON.stringify(frozen)).toBe(before);

      const ids = graph.nodes.map((node) => node.id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(Object.keys(graph.layout).sort()).toEqual([...ids].sort());
      for (const node of graph.nodes) {
        const { max } = countsOf(node.type);
        expect(node.inputs.length).toBeLessThanOrEqual(max ?? Number.POSITIVE_INFINITY);
        for (const input of node.inputs) {
          expect(ids).toContain(input.node);
          expect(reaches(graph, node.id, input.node)).toBe(false);
        }
      }
      const outputs = outputsOf(graph);
      expect(new Set(outputs).size).toBe(outputs.length);
      for (const output of outputs) expect(ids).toContain(output);
      expect(topologyOf(graph).edges.length).toBe(
        graph.nodes.reduce((sum, node) => sum + node.inputs.length, 0),
      );
    }
  });
});
