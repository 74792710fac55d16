/**
 * Where nodes stand on the canvas. Data flows from top to bottom.
 *
 * A node's position is its upper left corner. Sizes here are what the canvas draws; real measurements replace them
 * where a node is wider (`LayoutNode`).
 */

import type { GraphDocument, Point } from "./document";
import { predecessors, successors, topologicalOrder, topologyOf } from "./topology";

export const NODE_WIDTH = 208;
export const NODE_HEIGHT = 64;
/** Distance between the upper edges of two nodes that follow each other: room for the shape on the edge. */
export const STEP_Y = 112;
export const STEP_X = 248;

type Layout = GraphDocument["layout"];

function overlaps(a: Point, b: Point): boolean {
  return Math.abs(a.x - b.x) < NODE_WIDTH + 16 && Math.abs(a.y - b.y) < NODE_HEIGHT + 16;
}

/** The first free place at `wanted` or to the right of it. */
export function freePlace(layout: Layout, wanted: Point): Point {
  const taken = Object.values(layout);
  let place = wanted;
  while (taken.some((point) => overlaps(point, place))) place = { x: place.x + STEP_X, y: place.y };
  return place;
}

/** How far to move a group of nodes to the right, so that it covers none of those that stand there. */
export function freeShift(layout: Layout, group: readonly Point[]): Point {
  const taken = Object.values(layout);
  let x = STEP_X;
  while (group.some((point) => taken.some((other) => overlaps(other, { x: point.x + x, y: point.y }))))
    x += STEP_X;
  return { x, y: 0 };
}

export function placeBelow(graph: GraphDocument, id: string): Point {
  const point = graph.layout[id];
  return point ? freePlace(graph.layout, { x: point.x, y: point.y + STEP_Y }) : placeAtEnd(graph);
}

/** Below everything, in the column of the lowest node. */
export function placeAtEnd(graph: GraphDocument): Point {
  const points = Object.values(graph.layout);
  const lowest = points.reduce<Point | null>(
    (low, point) => (low === null || point.y > low.y ? point : low),
    null,
  );
  return lowest ? { x: lowest.x, y: lowest.y + STEP_Y } : { x: 0, y: 0 };
}

/** Push everything that `id` leads to down, so that a node fits between it and what stands above it. */
export function makeRoom(graph: GraphDocument, above: string, id: string): Layout {
  const top = graph.layout[above];
  const start = graph.layout[id];
  if (!top || !start) return graph.layout;
  const shift = top.y + 2 * STEP_Y - start.y;
  if (shift <= 0) return graph.layout;
  const layout = { ...graph.layout };
  for (const moved of descendants(graph, id)) {
    const point = layout[moved];
    if (point) layout[moved] = { x: point.x, y: point.y + shift };
  }
  return layout;
}

/** `id` and everything that data from it arrives at. */
export function descendants(graph: GraphDocument, id: string): Set<string> {
  const found = new Set([id]);
  const open = [id];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const following of successors(graph, next)) {
      if (!found.has(following)) {
        found.add(following);
        open.push(following);
      }
    }
  }
  return found;
}

/** A plain layered layout: a row for each distance from the inputs. Fast enough for the first paint. */
export function layered(graph: GraphDocument): Layout {
  const rank = new Map<string, number>();
  const order = topologicalOrder(graph);
  for (const id of order) {
    rank.set(id, Math.max(-1, ...predecessors(graph, id).map((before) => rank.get(before) ?? -1)) + 1);
  }
  const rows: string[][] = [];
  for (const id of order) {
    const row = rank.get(id) ?? 0;
    while (rows.length <= row) rows.push([]);
    rows[row]?.push(id);
  }
  const layout: Record<string, Point> = {};
  rows.forEach((row, y) => {
    const wish = (id: string) => {
      const above = predecessors(graph, id).flatMap((before) => layout[before]?.x ?? []);
      return above.length === 0 ? 0 : above.reduce((sum, x) => sum + x, 0) / above.length;
    };
    const sorted = [...row].sort((a, b) => wish(a) - wish(b));
    const centre = row.length === 1 ? wish(row[0] as string) : 0;
    sorted.forEach((id, index) => {
      layout[id] = { x: Math.round(centre + (index - (row.length - 1) / 2) * STEP_X), y: y * STEP_Y };
    });
  });
  return layout;
}

/** A graph in which every node has a place; nodes that have one keep it, unless room must be made for another. */
export function placeMissing(graph: GraphDocument): GraphDocument {
  const missing = graph.nodes.filter((node) => !graph.layout[node.id]);
  if (missing.length === 0) return graph;
  if (missing.length === graph.nodes.length) return { ...graph, layout: layered(graph) };

  const absent = new Set(missing.map((node) => node.id));
  let placed = graph;
  for (const id of topologicalOrder(graph)) {
    if (absent.has(id)) placed = { ...placed, layout: placeOne(placed, id) };
  }
  return placed;
}

function placeOne(graph: GraphDocument, id: string): Layout {
  const above = predecessors(graph, id).find((before) => graph.layout[before]);
  const below = successors(graph, id).find((after) => graph.layout[after]);
  const top = above === undefined ? undefined : graph.layout[above];
  if (above !== undefined && below !== undefined && top) {
    return { ...makeRoom(graph, above, below), [id]: { x: top.x, y: top.y + STEP_Y } };
  }
  if (above !== undefined) return { ...graph.layout, [id]: placeBelow(graph, above) };
  const bottom = below === undefined ? undefined : graph.layout[below];
  const wanted = bottom ? { x: bottom.x, y: bottom.y - STEP_Y } : placeAtEnd(graph);
  return { ...graph.layout, [id]: freePlace(graph.layout, wanted) };
}

export interface LayoutNode {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

/** What an automatic layout works on; plain data that a worker can receive. */
export interface LayoutInput {
  readonly nodes: readonly LayoutNode[];
  readonly edges: readonly { readonly source: string; readonly target: string }[];
}

export function layoutInput(
  graph: GraphDocument,
  sizeOf: (id: string) => { width: number; height: number } | undefined,
): LayoutInput {
  return {
    nodes: graph.nodes.map(({ id }) => ({
      id,
      ...(sizeOf(id) ?? { width: NODE_WIDTH, height: NODE_HEIGHT }),
    })),
    edges: topologyOf(graph).edges.map((edge) => ({ source: edge.source, target: edge.target })),
  };
}
