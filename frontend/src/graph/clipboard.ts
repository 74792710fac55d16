/** Parts of a graph as JSON text: what copy writes and paste reads, also between two windows of the Studio. */

import type { GraphDocument, GraphNode, Point } from "./document";
import { outputOf, readGraph, readNodes, source } from "./document";
import { makeId } from "./ids";
import { isObject } from "./json";
import { settleOutputs } from "./outputs";
import { freeShift, layered } from "./placement";

/** Nodes with the edges among them, and where they stood. */
export interface Fragment {
  readonly nodes: readonly GraphNode[];
  readonly layout: Readonly<Record<string, Point>>;
}

const FORMAT = "lamina.fragment";

export function fragmentOf(graph: GraphDocument, ids: Iterable<string>): Fragment {
  const chosen = new Set(ids);
  const nodes = graph.nodes
    .filter((node) => chosen.has(node.id))
    .map((node) => ({ ...node, inputs: node.inputs.filter((input) => chosen.has(input.node)) }));
  const layout = Object.fromEntries(Object.entries(graph.layout).filter(([id]) => chosen.has(id)));
  return { nodes, layout };
}

export function writeFragment(fragment: Fragment): string {
  return JSON.stringify({ format: FORMAT, version: 1, ...fragment }, null, 2);
}

/** The fragment in a text, or null when the text is something else. A whole graph document is taken as well. */
export function readFragment(text: string): Fragment | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const graph = readGraph(value);
  if (graph) return { nodes: graph.nodes, layout: graph.layout };
  if (!isObject(value) || value.format !== FORMAT || value.version !== 1) return null;
  const { layout } = readGraph({ ...value, format: "lamina.graph" }) ?? { layout: {} };
  const nodes = readNodes(value.nodes);
  return nodes.length > 0 ? { nodes, layout } : null;
}

export interface Pasted {
  readonly graph: GraphDocument;
  /** Ids of the new nodes, to be selected. */
  readonly ids: readonly string[];
}

/**
 * `graph` with a copy of the fragment, under new ids that are not in `taken`.
 *
 * The copy stands beside its original, or with its upper left corner at `at`.
 */
export function paste(
  graph: GraphDocument,
  fragment: Fragment,
  taken: ReadonlySet<string>,
  at?: Point,
): Pasted {
  const used = new Set([...taken, ...graph.nodes.map((node) => node.id)]);
  const names = new Map<string, string>();
  for (const node of fragment.nodes) {
    const id = makeId(node.type, used);
    used.add(id);
    names.set(node.id, id);
  }
  const positions = placesOf(fragment);
  const shift = at ? cornerShift(positions, at) : freeShift(graph.layout, Object.values(positions));

  const nodes: GraphNode[] = fragment.nodes.map((node) => {
    const { shares, ...rest } = node;
    const shared =
      shares === undefined ? undefined : (names.get(shares) ?? (hasNode(graph, shares) ? shares : undefined));
    return {
      ...rest,
      id: names.get(node.id) ?? node.id,
      inputs: node.inputs.flatMap((input) => {
        const from = names.get(input.node);
        return from === undefined ? [] : [source(from, outputOf(input))];
      }),
      ...(shared === undefined ? {} : { shares: shared }),
    };
  });
  const layout = { ...graph.layout };
  for (const [old, id] of names) {
    const point = positions[old] ?? { x: 0, y: 0 };
    layout[id] = { x: point.x + shift.x, y: point.y + shift.y };
  }
  const after = { ...graph, nodes: [...graph.nodes, ...nodes], layout };
  return { graph: settleOutputs(graph, after, false), ids: nodes.map((node) => node.id) };
}

function hasNode(graph: GraphDocument, id: string): boolean {
  return graph.nodes.some((node) => node.id === id);
}

function placesOf(fragment: Fragment): Readonly<Record<string, Point>> {
  const complete = fragment.nodes.every((node) => fragment.layout[node.id]);
  if (complete) return fragment.layout;
  return layered({ format: "lamina.graph", version: 1, name: "", outputs: [], blocks: [], ...fragment });
}

function cornerShift(positions: Readonly<Record<string, Point>>, at: Point): Point {
  const points = Object.values(positions);
  const left = Math.min(...points.map((point) => point.x));
  const top = Math.min(...points.map((point) => point.y));
  return points.length === 0 ? at : { x: at.x - left, y: at.y - top };
}
