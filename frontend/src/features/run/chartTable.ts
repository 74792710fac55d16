/** A chart's curves as the columns that uPlot draws, at the detail that its width can show. */
import { alignLines, ends, type Line, mapX, type Table, zigzag } from "@/series/lines";
import type { Pyramid } from "@/series/pyramid";
import type { SeriesStore } from "@/series/seriesStore";
import type { CurveGroup } from "./curves";

export interface ChartView {
  /** In the units of the series; null shows everything. */
  readonly range: readonly [number, number] | null;
  readonly widthPx: number;
  /** From the units of the series to those of the axis. */
  readonly toAxis: (x: number) => number;
  /** In [0, 1); 0 is off. */
  readonly smoothing: number;
  readonly isLog: boolean;
  /** Finer points of the range, when they were fetched. */
  readonly detail: Pyramid | null;
}

/** The lines of a chart, in the order of its columns after x. */
export const CHART_LINES = ["batch", "smoothed", "epoch", "validation"] as const;
export type ChartLine = (typeof CHART_LINES)[number];

/** More only costs time: drawing lines is what takes it. */
const POINTS_PER_PIXEL = 2;

const EMPTY: Line = { x: [], y: [] };

export function tableOf(series: SeriesStore, group: CurveGroup, view: ChartView): Table {
  const [from, to] = view.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const mostPoints = view.widthPx * POINTS_PER_PIXEL;
  const read = (pyramid: Pyramid | undefined, draw: typeof ends) =>
    pyramid ? mapX(draw(pyramid.read(from, to, mostPoints)), view.toAxis) : EMPTY;
  const find = (key: string | null) => (key === null ? undefined : series.get(key));
  const smoothed =
    group.batch !== null && view.smoothing > 0 ? series.smoothed(group.batch, view.smoothing) : undefined;
  const lines = [
    read(view.detail ?? find(group.batch), zigzag),
    read(smoothed, ends),
    read(find(group.epoch), ends),
    read(find(group.validation), ends),
  ];
  const isDrawable = view.isLog ? (y: number) => y > 0 && y < Number.POSITIVE_INFINITY : Number.isFinite;
  return alignLines(lines, isDrawable);
}

/** Where the curves of a chart begin and end, in the units of the series; null before the first point. */
export function extentOf(series: SeriesStore, group: CurveGroup): [number, number] | null {
  let extent: [number, number] | null = null;
  for (const key of [group.batch, group.epoch, group.validation]) {
    const pyramid = key === null ? undefined : series.get(key);
    if (!pyramid?.first || !pyramid.last) continue;
    const [low, high]: [number, number] = [pyramid.first.x, pyramid.last.x];
    extent = extent ? [Math.min(extent[0], low), Math.max(extent[1], high)] : [low, high];
  }
  return extent;
}

/** What the curves were at x, or are now when x is null. */
export function valuesAt(
  series: SeriesStore,
  group: CurveGroup,
  x: number | null,
): Record<"batch" | "epoch" | "validation", number | null> {
  const latest = (key: string | null) => {
    const pyramid = key === null ? undefined : series.get(key);
    return (x === null ? pyramid?.last : pyramid?.before(x))?.last ?? null;
  };
  return { batch: latest(group.batch), epoch: latest(group.epoch), validation: latest(group.validation) };
}
