/**
 * Where edges that pass other layers run: in lanes beside them, so that neither line nor label hides under a node.
 *
 * An edge to the next row needs none of it and is not listed.
 */

import type { GraphDocument } from "./document";
import { NODE_HEIGHT, NODE_WIDTH, STEP_Y } from "./placement";
import { type Edge, topologyOf } from "./topology";

export interface Lane {
  /** Where the edge runs down. */
  readonly x: number;
  readonly side: "left" | "right";
  /** How many lanes of the same side it passes by: labels are set lower by as many lines. */
  readonly index: number;
}

const CLEARANCE = 26;
const LANE_WIDTH = 18;

interface Taken extends Lane {
  readonly top: number;
  readonly bottom: number;
}

/** The lane of each edge that would run under a node, by the edge's id; shorter edges lie further in. */
export function lanesOf(graph: GraphDocument): ReadonlyMap<string, Lane> {
  const lanes = new Map<string, Lane>();
  const taken: Taken[] = [];
  const skipping = topologyOf(graph)
    .edges.flatMap((edge) => {
      const stretch = stretchOf(graph, edge);
      return stretch && stretch.bottom - stretch.top > STEP_Y * 1.4 ? [{ edge, ...stretch }] : [];
    })
    .sort((a, b) => a.bottom - a.top - (b.bottom - b.top));
  for (const { edge, top, bottom, from, to } of skipping) {
    const between = Object.entries(graph.layout)
      .filter(([id]) => id !== edge.source && id !== edge.target)
      .map(([, point]) => point)
      .filter((point) => point.y + NODE_HEIGHT > top + NODE_HEIGHT && point.y < bottom);
    const isUnder = between.some((point) => {
      const share = (point.y + NODE_HEIGHT / 2 - top) / (bottom - top);
      const x = from + (to - from) * share;
      return x > point.x - 8 && x < point.x + NODE_WIDTH + 8;
    });
    if (!isUnder) continue;
    const right = Math.max(...between.map((point) => point.x + NODE_WIDTH)) + CLEARANCE;
    const left = Math.min(...between.map((point) => point.x)) - CLEARANCE;
    const middle = (from + to) / 2;
    const side = middle - left < right - middle ? "left" : "right";
    const beside = taken.filter((lane) => lane.side === side && lane.top < bottom && lane.bottom > top);
    const index = beside.length;
    const start = side === "right" ? right : left;
    const outer = beside.map((lane) => lane.x + (side === "right" ? LANE_WIDTH : -LANE_WIDTH));
    const x = side === "right" ? Math.max(start, ...outer) : Math.min(start, ...outer);
    lanes.set(edge.id, { x, side, index });
    taken.push({ x, side, index, top, bottom });
  }
  return lanes;
}

function stretchOf(graph: GraphDocument, edge: Edge) {
  const source = graph.layout[edge.source];
  const target = graph.layout[edge.target];
  if (!source || !target) return null;
  const half = NODE_WIDTH / 2;
  return { top: source.y, bottom: target.y, from: source.x + half, to: target.x + half };
}

/** Room below and above a node in which an edge swings out to its lane. */
const SWING = 30;

/** The line from one port to another by way of a lane, as an SVG path. */
export function lanePath(
  from: { readonly x: number; readonly y: number },
  to: { readonly x: number; readonly y: number },
  lane: Lane,
): string {
  const out = from.y + SWING + 10;
  const back = to.y - SWING - 10;
  return [
    `M${from.x},${from.y}`,
    `C${from.x},${from.y + SWING} ${lane.x},${from.y} ${lane.x},${out}`,
    `L${lane.x},${back}`,
    `C${lane.x},${to.y} ${to.x},${to.y - SWING} ${to.x},${to.y}`,
  ].join(" ");
}
