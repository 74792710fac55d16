/**
 * The two documents the Studio edits: the graph (what the network is) and the training document (how it learns).
 *
 * Both are plain frozen JSON, exactly as the server stores them. Commands return new documents that share every
 * unchanged part with the old one, so `===` on `nodes` or on one node tells whether anything there changed.
 */

import { isObject, type Json, type JsonObject } from "./json";

/** One output port of a node. `output` is left out for the first port. */
export interface Source {
  readonly node: string;
  readonly output?: number;
}

export interface GraphNode {
  readonly id: string;
  readonly type: string;
  readonly config: JsonObject;
  /** One source per input port, in the order of the ports. An edge is stored here and nowhere else. */
  readonly inputs: readonly Source[];
  /** Id of the node whose weights this one uses. */
  readonly shares?: string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface GraphDocument {
  readonly format: "lamina.graph";
  readonly version: 1;
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly Source[];
  readonly blocks: readonly Json[];
  /** Positions for people; they never change what the graph means. */
  readonly layout: { readonly [id: string]: Point };
}

/** Open: what else a training document holds is the server's to define, and is passed through untouched. */
export interface TrainingDocument extends JsonObject {
  readonly format: "lamina.training";
  readonly version: 1;
}

/** Everything one undo step covers. */
export interface StudioDocument {
  readonly graph: GraphDocument;
  readonly training: TrainingDocument;
}

export function emptyGraph(name: string): GraphDocument {
  return { format: "lamina.graph", version: 1, name, nodes: [], outputs: [], blocks: [], layout: {} };
}

export function outputOf(source: Source): number {
  return source.output ?? 0;
}

/** A source in its shortest form: the first output port goes unsaid. */
export function source(node: string, output = 0): Source {
  return output === 0 ? { node } : { node, output };
}

export function sameSource(a: Source, b: Source): boolean {
  return a.node === b.node && outputOf(a) === outputOf(b);
}

function readSource(value: unknown): Source | null {
  if (!isObject(value) || typeof value.node !== "string") return null;
  const output = value.output ?? 0;
  return typeof output === "number" && Number.isInteger(output) && output >= 0
    ? source(value.node, output)
    : null;
}

function readSources(value: unknown): Source[] {
  return Array.isArray(value) ? value.map(readSource).filter((item) => item !== null) : [];
}

function readNode(value: unknown): GraphNode | null {
  if (!isObject(value) || typeof value.id !== "string" || typeof value.type !== "string") return null;
  return {
    id: value.id,
    type: value.type,
    config: isObject(value.config) ? value.config : {},
    inputs: readSources(value.inputs),
    ...(typeof value.shares === "string" ? { shares: value.shares } : {}),
  };
}

function readLayout(value: unknown): Record<string, Point> {
  const layout: Record<string, Point> = {};
  if (!isObject(value)) return layout;
  for (const [id, point] of Object.entries(value)) {
    if (!isObject(point)) continue;
    const { x, y } = point;
    if (typeof x === "number" && typeof y === "number" && Number.isFinite(x) && Number.isFinite(y))
      layout[id] = { x, y };
  }
  return layout;
}

/** Nodes out of wire or clipboard data; entries that are not nodes are left out, as are repeated ids. */
export function readNodes(value: unknown): GraphNode[] {
  if (!Array.isArray(value)) return [];
  const seen = new Set<string>();
  return value.map(readNode).filter((node) => {
    if (node === null || seen.has(node.id)) return false;
    seen.add(node.id);
    return true;
  }) as GraphNode[];
}

/**
 * A graph document out of wire data, or null when it is none or of a later version.
 *
 * Only the outline is read here: whether the graph makes sense is the server's judgement (`POST /graphs/check`).
 */
export function readGraph(value: unknown): GraphDocument | null {
  if (!isObject(value) || value.format !== "lamina.graph" || value.version !== 1) return null;
  return {
    format: "lamina.graph",
    version: 1,
    name: typeof value.name === "string" ? value.name : "",
    nodes: readNodes(value.nodes),
    outputs: readSources(value.outputs),
    blocks: Array.isArray(value.blocks) ? value.blocks : [],
    layout: readLayout(value.layout),
  };
}

/** A training document out of wire data, or null when it is none or of a later version. */
export function readTraining(value: unknown): TrainingDocument | null {
  if (!isObject(value) || value.format !== "lamina.training" || value.version !== 1) return null;
  return { ...value, format: "lamina.training", version: 1 };
}
