/** How long an epoch will take, from the last training that is like it. */

import { queryOptions } from "@tanstack/react-query";
import { api, dataOf } from "@/api/client";
import { type Run, runQuery } from "@/api/runs";
import type { TrainingDocument } from "@/graph/document";
import { isObject } from "@/graph/json";

/** What a finished run tells of the speed of this machine. */
export interface Measured {
  readonly run: string;
  readonly secondsPerEpoch: number;
}

/** Costs further apart than this say nothing about each other: overheads weigh differently. */
const MOST_UNLIKE = 2;

/** The newest run on this data whose epochs were timed. */
export function lastMeasured(runs: readonly Run[], dataset: string | null): Measured | null {
  const timed = runs.flatMap((run) => {
    const seconds = Number(run.last["epoch/seconds"]);
    const isDone = run.state === "SUCCEEDED" || run.state === "STOPPED";
    return isDone && dataset !== null && run.dataset === dataset && seconds > 0 ? [{ run, seconds }] : [];
  });
  const [newest] = timed.sort((a, b) => b.run.created_at.localeCompare(a.run.created_at));
  return newest ? { run: newest.run.id, secondsPerEpoch: newest.seconds } : null;
}

export interface Cost {
  readonly macs: number;
  readonly batchSize: number;
}

/** Seconds for one epoch, or null where the measured run is too unlike to tell. */
export function estimateEpoch(seconds: number, measured: Cost, now: Cost): number | null {
  if (measured.macs <= 0 || now.macs <= 0 || measured.batchSize !== now.batchSize) return null;
  const ratio = now.macs / measured.macs;
  return ratio > MOST_UNLIKE || ratio < 1 / MOST_UNLIKE ? null : seconds * ratio;
}

export function batchSizeOf(training: TrainingDocument | Record<string, unknown>): number {
  const size = (training as Record<string, unknown>).batch_size;
  return typeof size === "number" ? size : 0;
}

export function datasetOf(training: TrainingDocument): string | null {
  const { dataset } = training;
  return isObject(dataset) && typeof dataset.id === "string" ? dataset.id : null;
}

/** The cost of what a run trained; its documents are frozen, so it is asked for once. */
export function runCostQuery(id: string) {
  return queryOptions({
    queryKey: ["runs", "cost", id],
    queryFn: async ({ client, signal }): Promise<Cost> => {
      const { graph, training } = await client.ensureQueryData(runQuery(id));
      const { totals } = dataOf(
        await api.POST("/api/v1/graphs/check", { body: { graph, training }, signal }),
      );
      return { macs: totals.macs, batchSize: batchSizeOf(training) };
    },
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}
