/** Which runs the table shows, and in which order. */
import type { Run } from "@/api/runs";
import { hasEnded } from "@/ui/runState";

export const COLUMNS = ["name", "state", "progress", "loss", "accuracy", "duration", "created"] as const;
export type ColumnId = (typeof COLUMNS)[number];

export interface Sorting {
  readonly column: ColumnId;
  readonly isDescending: boolean;
}

export const SHOWN = ["all", "active", "finished", "failed"] as const;
export type Shown = (typeof SHOWN)[number];

/** Newest first. */
export const START_SORTING: Sorting = { column: "created", isDescending: true };

/** A value and what it was measured on: the two parts must not be compared without a word. */
export interface Latest {
  readonly value: number;
  readonly part: "training" | "validation";
}

/** What a metric came to last: on validation if it was measured there, else over the epoch, else so far. */
export function latest(run: Pick<Run, "last">, metric: string): Latest | null {
  for (const key of [`epoch/val_${metric}`, `epoch/${metric}`, `running/${metric}`, `batch/${metric}`]) {
    const value = run.last[key];
    const part = key.startsWith("epoch/val_") ? "validation" : "training";
    if (value !== undefined && value !== null) return { value: Number(value), part };
  }
  return null;
}

/** Seconds that a run took, or has taken until now; null before it started. */
export function secondsOf(run: Pick<Run, "started_at" | "ended_at">, now: number): number | null {
  if (!run.started_at) return null;
  return Math.max(0, (run.ended_at ? Date.parse(run.ended_at) : now) - Date.parse(run.started_at)) / 1000;
}

/** In [0, 1]; null before the length of the run is known. */
export function shareOf(run: Pick<Run, "step" | "epochs" | "steps_per_epoch">): number | null {
  const steps = (run.epochs ?? 0) * (run.steps_per_epoch ?? 0);
  return steps > 0 ? Math.min(1, run.step / steps) : null;
}

function isShown(run: Run, shown: Shown): boolean {
  switch (shown) {
    case "active":
      return !hasEnded(run.state);
    case "finished":
      return run.state === "SUCCEEDED" || run.state === "STOPPED";
    case "failed":
      return run.state === "FAILED";
    default:
      return true;
  }
}

/** Runs whose name, model, dataset, note or tags contain every word of the search. */
export function filterRuns(runs: readonly Run[], search: string, shown: Shown): Run[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return runs.filter((run) => {
    const text = [run.name, run.graph_name, run.dataset ?? "", run.note, ...run.tags]
      .join("\n")
      .toLowerCase();
    return isShown(run, shown) && words.every((word) => text.includes(word));
  });
}

function sortValue(run: Run, column: ColumnId, now: number): number | string | null {
  switch (column) {
    case "name":
      return run.name.toLowerCase();
    case "state":
      return run.state;
    case "progress":
      return shareOf(run);
    case "duration":
      return secondsOf(run, now);
    case "created":
      return Date.parse(run.created_at);
    default:
      return latest(run, column)?.value ?? null;
  }
}

/** A new list in order. What has no value stands last in either direction; ties stay newest first. */
export function sortRuns(runs: readonly Run[], { column, isDescending }: Sorting, now: number): Run[] {
  const sign = isDescending ? -1 : 1;
  const rows = runs.map((run) => ({ run, value: sortValue(run, column, now) }));
  rows.sort((a, b) => {
    const order = compare(a.value, b.value, sign);
    return order || Date.parse(b.run.created_at) - Date.parse(a.run.created_at);
  });
  return rows.map(({ run }) => run);
}

function isMissing(value: number | string | null): value is null {
  return value === null || Number.isNaN(value);
}

function compare(a: number | string | null, b: number | string | null, sign: 1 | -1): number {
  if (isMissing(a) || isMissing(b)) return Number(isMissing(a)) - Number(isMissing(b));
  if (a === b) return 0;
  return a < b ? -sign : sign;
}
