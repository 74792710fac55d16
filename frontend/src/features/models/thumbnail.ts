/** A graph as a small picture: a rounded bar per layer, left to right in the order of the data. */
import type { GraphDocument } from "@/graph/document";
import { layered, STEP_X, STEP_Y } from "@/graph/placement";
import { topologyOf } from "@/graph/topology";

export interface Bar {
  id: string;
  type: string;
  x: number;
  y: number;
}

export interface Thumbnail {
  bars: Bar[];
  /** SVG path data, one per edge. */
  edges: { id: string; path: string }[];
  width: number;
  height: number;
}

export const BAR_WIDTH = 12;
export const BAR_HEIGHT = 34;
const GAP_X = 22;
const GAP_Y = 12;
const MARGIN = 2;
/** How far a shortcut rises over what it passes. */
const RISE = 9;

/** Pictures ignore the author's positions: all of them read alike, and the long ones stay flat. */
export function drawThumbnail(graph: GraphDocument): Thumbnail {
  const layout = layered(graph);
  const topmost = Math.min(0, ...Object.values(layout).map((point) => point.x));
  const top = MARGIN + RISE;
  const bars = graph.nodes.map(({ id, type }) => {
    const point = layout[id] ?? { x: 0, y: 0 };
    return {
      id,
      type,
      x: MARGIN + (point.y / STEP_Y) * (BAR_WIDTH + GAP_X),
      y: top + ((point.x - topmost) / STEP_X) * (BAR_HEIGHT + GAP_Y),
    };
  });
  const byId = new Map(bars.map((bar) => [bar.id, bar]));
  const edges = topologyOf(graph).edges.flatMap((edge) => {
    const [from, to] = [byId.get(edge.source), byId.get(edge.target)];
    return from && to ? [{ id: edge.id, path: curve(from, to) }] : [];
  });
  return {
    bars,
    edges,
    width: Math.max(0, ...bars.map((bar) => bar.x)) + BAR_WIDTH + MARGIN,
    height: Math.max(0, ...bars.map((bar) => bar.y)) + BAR_HEIGHT + top,
  };
}

/** A shortcut bows over the layers that it passes, which would hide it otherwise. */
function curve(from: Bar, to: Bar): string {
  const [x1, y1] = [from.x + BAR_WIDTH, from.y + BAR_HEIGHT / 2];
  const [x2, y2] = [to.x, to.y + BAR_HEIGHT / 2];
  const middle = (x1 + x2) / 2;
  const isShortcut = y1 === y2 && x2 - x1 > BAR_WIDTH + GAP_X;
  if (!isShortcut) return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
  const top = y1 - BAR_HEIGHT / 2 - RISE;
  const [left, right] = [x1 + GAP_X / 2, x2 - GAP_X / 2];
  return `M${x1} ${y1}C${left} ${y1} ${x1} ${top} ${left + GAP_X / 2} ${top}H${right - GAP_X / 2}C${x2} ${top} ${right} ${y2} ${x2} ${y2}`;
}
