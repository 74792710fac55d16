/** Small graphs and a seeded source of random edits, for tests. */

import * as commands from "./commands";
import type { GraphDocument, GraphNode } from "./document";
import { emptyGraph, source } from "./document";
import { makeId } from "./ids";
import { setOutput } from "./outputs";
import { layered } from "./placement";
import { topologyOf } from "./topology";

export const ONE: commands.InputCount = { min: 1, max: 1 };
export const NONE: commands.InputCount = { min: 0, max: 0 };
export const MANY: commands.InputCount = { min: 2, max: null };

/** What the made-up types of these tests take. */
export const COUNTS: Readonly<Record<string, commands.InputCount>> = {
  Start: NONE,
  LayerA: ONE,
  LayerB2D: ONE,
  Join: MANY,
};

export function countsOf(type: string): commands.InputCount {
  return COUNTS[type] ?? ONE;
}

/** A graph from lines such as `join: Join < a b`; the ends are its outputs. */
export function graphOf(...lines: string[]): GraphDocument {
  const nodes: GraphNode[] = lines.map((line) => {
    const [head = "", tail = ""] = line.split("<");
    const [id = "", type = ""] = head.split(":").map((part) => part.trim());
    const inputs = tail
      .split(" ")
      .filter(Boolean)
      .map((from) => source(from));
    return { id, type, config: {}, inputs };
  });
  const graph = { ...emptyGraph("test"), nodes };
  const { leaving } = topologyOf(graph);
  const ends = nodes.filter((node) => node.inputs.length > 0 && !leaving.has(node.id));
  return { ...graph, outputs: ends.map((node) => source(node.id)), layout: layered(graph) };
}

/** The graph as the lines `graphOf` takes. */
export function linesOf(graph: GraphDocument): string[] {
  return graph.nodes.map((node) => {
    const from = node.inputs.map((input) => input.node).join(" ");
    return `${node.id}: ${node.type}${from === "" ? "" : ` < ${from}`}`;
  });
}

export function outputsOf(graph: GraphDocument): string[] {
  return graph.outputs.map((output) => output.node);
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One random command on `graph`; refused ones happen as well. */
export function randomEdit(graph: GraphDocument, random: () => number): GraphDocument {
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
  const anyId = () => pick(graph.nodes)?.id ?? "nobody";
  const type = pick(Object.keys(COUNTS)) ?? "LayerA";
  const node = { id: makeId(type, new Set(graph.nodes.map((known) => known.id))), type };
  const edge = pick(topologyOf(graph).edges) ?? { target: "nobody", port: 0 };
  const target = anyId();
  const inputs = countsOf(graph.nodes.find((known) => known.id === target)?.type ?? "");
  const edits: (() => GraphDocument)[] = [
    () => commands.addNode(graph, node),
    () => commands.addAfter(graph, node, anyId(), countsOf(type)),
    () => commands.addBefore(graph, node, target, { node: countsOf(type), before: inputs }),
    () => commands.addBranch(graph, node, source(anyId()), countsOf(type)),
    () => commands.insertOnEdge(graph, node, edge, countsOf(type)),
    () => commands.connect(graph, { source: anyId(), target }, inputs),
    () => commands.reconnect(graph, edge, { source: anyId(), target }, inputs),
    () => commands.moveOntoEdge(graph, target, edge, inputs),
    () => commands.disconnect(graph, [edge]),
    () =>
      commands.moveNodes(graph, {
        [target]: { x: Math.round(random() * 500), y: Math.round(random() * 500) },
      }),
    () => commands.setParameter(graph, target, "size", Math.floor(random() * 4), 0),
    () => commands.renameNode(graph, target, `renamed_${Math.floor(random() * 50)}`),
    () => commands.removeNodes(graph, [target, anyId()]),
    () => setOutput(graph, target, random() < 0.5),
  ];
  return (pick(edits) ?? (() => graph))();
}
