/** Questions about how a graph hangs together. Nothing here changes a document. */

import type { GraphDocument, GraphNode, Source } from "./document";
import { outputOf } from "./document";

export interface Edge {
  /** Stable for as long as the edge keeps its two ports. */
  readonly id: string;
  readonly source: string;
  readonly output: number;
  readonly target: string;
  readonly port: number;
}

/** Where an edge ends: an input port of a node. An edge is identified by it, since a port holds one edge. */
export interface InputPort {
  readonly target: string;
  readonly port: number;
}

export interface Topology {
  readonly byId: ReadonlyMap<string, GraphNode>;
  readonly edges: readonly Edge[];
  /** Edges that leave a node, in the order in which their targets stand in the document. */
  readonly leaving: ReadonlyMap<string, readonly Edge[]>;
  /** Edges that enter a node, by port. */
  readonly entering: ReadonlyMap<string, readonly Edge[]>;
}

const cache = new WeakMap<readonly GraphNode[], Topology>();

/** Look-up tables of a graph, computed once for each list of nodes. Edges from unknown nodes are left out. */
export function topologyOf(graph: GraphDocument): Topology {
  const known = cache.get(graph.nodes);
  if (known) return known;

  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const edges: Edge[] = [];
  const leaving = new Map<string, Edge[]>();
  const entering = new Map<string, Edge[]>();
  for (const node of graph.nodes) {
    node.inputs.forEach((input, port) => {
      if (!byId.has(input.node)) return;
      const output = outputOf(input);
      const id = `${input.node}.${output}-${node.id}.${port}`;
      const edge: Edge = { id, source: input.node, output, target: node.id, port };
      edges.push(edge);
      leaving.set(edge.source, [...(leaving.get(edge.source) ?? []), edge]);
      entering.set(edge.target, [...(entering.get(edge.target) ?? []), edge]);
    });
  }
  const topology = { byId, edges, leaving, entering };
  cache.set(graph.nodes, topology);
  return topology;
}

export function nodeById(graph: GraphDocument, id: string): GraphNode | undefined {
  return topologyOf(graph).byId.get(id);
}

export function successors(graph: GraphDocument, id: string): string[] {
  return [...new Set((topologyOf(graph).leaving.get(id) ?? []).map((edge) => edge.target))];
}

export function predecessors(graph: GraphDocument, id: string): string[] {
  return [...new Set((topologyOf(graph).entering.get(id) ?? []).map((edge) => edge.source))];
}

/** Whether data from `from` arrives at `to`; a node reaches itself. */
export function reaches(graph: GraphDocument, from: string, to: string): boolean {
  const seen = new Set([from]);
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === to) return true;
    for (const next of successors(graph, id)) {
      if (!seen.has(next)) {
        seen.add(next);
        open.push(next);
      }
    }
  }
  return false;
}

/** Ids from inputs to outputs; nodes on a cycle come last, in document order. */
export function topologicalOrder(graph: GraphDocument): string[] {
  const { entering, leaving } = topologyOf(graph);
  const missing = new Map(graph.nodes.map((node) => [node.id, entering.get(node.id)?.length ?? 0]));
  const order: string[] = [];
  const ready = graph.nodes.filter((node) => missing.get(node.id) === 0).map((node) => node.id);
  for (let id = ready.shift(); id !== undefined; id = ready.shift()) {
    order.push(id);
    for (const edge of leaving.get(id) ?? []) {
      const left = (missing.get(edge.target) ?? 0) - 1;
      missing.set(edge.target, left);
      if (left === 0) ready.push(edge.target);
    }
  }
  const placed = new Set(order);
  return [...order, ...graph.nodes.map((node) => node.id).filter((id) => !placed.has(id))];
}

export function isOutput(graph: GraphDocument, id: string): boolean {
  return graph.outputs.some((output: Source) => output.node === id);
}
