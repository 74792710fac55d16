/** Which node an arrow key leads to. */

import type { GraphDocument, Point } from "./document";
import { predecessors, successors } from "./topology";

export type Direction = "up" | "down" | "left" | "right";

/**
 * The node next to `id`: up and down follow the edges, left and right and loose ends go by position.
 *
 * Null at the rim of the graph.
 */
export function neighbour(graph: GraphDocument, id: string, direction: Direction): string | null {
  const here = graph.layout[id];
  if (!here) return null;
  const linked =
    direction === "up" ? predecessors(graph, id) : direction === "down" ? successors(graph, id) : [];
  if (linked.length > 0) return nearest(graph, linked, (point) => Math.abs(point.x - here.x));

  const others = graph.nodes
    .map((node) => node.id)
    .filter((other) => {
      const point = graph.layout[other];
      return point !== undefined && other !== id && lies(here, point, direction);
    });
  return nearest(graph, others, (point) => {
    const [dx, dy] = [Math.abs(point.x - here.x), Math.abs(point.y - here.y)];
    return direction === "left" || direction === "right" ? dx + 3 * dy : dy + 3 * dx;
  });
}

function lies(here: Point, point: Point, direction: Direction): boolean {
  switch (direction) {
    case "up":
      return point.y < here.y;
    case "down":
      return point.y > here.y;
    case "left":
      return point.x < here.x;
    case "right":
      return point.x > here.x;
  }
}

function nearest(
  graph: GraphDocument,
  ids: readonly string[],
  distance: (point: Point) => number,
): string | null {
  let best: { id: string; far: number } | null = null;
  for (const id of ids) {
    const point = graph.layout[id];
    const far = point ? distance(point) : Number.POSITIVE_INFINITY;
    if (best === null || far < best.far) best = { id, far };
  }
  return best?.id ?? null;
}
