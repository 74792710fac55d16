/** The epochs of a run as rows: the same numbers as the charts, for reading and for screen readers. */
import type { SeriesStore } from "@/series/seriesStore";
import type { CurveGroup } from "./curves";

export interface EpochRow {
  /** From 1. */
  readonly epoch: number;
  /** By series key. */
  readonly values: ReadonlyMap<string, number>;
}

/** One column: a series and what it shows. */
export interface EpochColumn {
  readonly key: string;
  readonly metric: string;
  readonly part: "epoch" | "validation";
}

export function epochColumns(groups: readonly CurveGroup[]): EpochColumn[] {
  return groups.flatMap(({ metric, epoch, validation }) => [
    ...(epoch === null ? [] : [{ key: epoch, metric, part: "epoch" as const }]),
    ...(validation === null ? [] : [{ key: validation, metric, part: "validation" as const }]),
  ]);
}

/** Rows by where each epoch ended; the series of one epoch share that x. */
export function epochRows(series: SeriesStore, columns: readonly EpochColumn[]): EpochRow[] {
  const byEnd = new Map<number, Map<string, number>>();
  for (const { key } of columns) {
    for (const sample of series.get(key)?.samples() ?? []) {
      const row = byEnd.get(sample.x) ?? new Map<string, number>();
      row.set(key, sample.last);
      byEnd.set(sample.x, row);
    }
  }
  return [...byEnd.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, values], index) => ({ epoch: index + 1, values }));
}
