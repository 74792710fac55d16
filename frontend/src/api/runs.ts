/** Runs as the pages ask for them. */
import { queryOptions } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import { readAll } from "./readAll";
import type { components } from "./schema";

export type Run = components["schemas"]["Run"];
export type RunDetail = components["schemas"]["RunDetail"];
export type Artifact = components["schemas"]["Artifact"];

/** Everything about runs; a command makes all of it stale. */
export const RUNS = ["runs"] as const;

export const runsQuery = queryOptions({
  queryKey: [...RUNS, "list"],
  queryFn: ({ signal }) =>
    readAll(async (after) =>
      dataOf(await api.GET("/api/v1/runs", { params: { query: { after, limit: 200 } }, signal })),
    ),
});

export function runQuery(id: string) {
  return queryOptions({
    queryKey: [...RUNS, "detail", id],
    queryFn: async ({ signal }) =>
      dataOf(await api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: id } }, signal })),
  });
}

export function artifactsQuery(id: string) {
  return queryOptions({
    queryKey: [...RUNS, "artifacts", id],
    queryFn: async ({ signal }) =>
      dataOf(await api.GET("/api/v1/runs/{run_id}/artifacts", { params: { path: { run_id: id } }, signal }))
        .items,
  });
}

/** What a stretch of a curve is asked for by. */
export interface Stretch {
  readonly key: string;
  readonly x: "step" | "time";
  readonly from: number;
  readonly to: number;
  readonly maxPoints: number;
}

/** One stretch of one curve, in the detail that a stretch of its length can have. */
export function seriesQuery(runId: string, { key, maxPoints, ...where }: Stretch) {
  const query = { ...where, keys: key, max_points: maxPoints };
  return queryOptions({
    queryKey: [...RUNS, "series", runId, query],
    queryFn: async ({ signal }) =>
      dataOf(
        await api.GET("/api/v1/runs/{run_id}/series", { params: { path: { run_id: runId }, query }, signal }),
      ).series,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Where a file of a run is fetched from; a plain link, so that the browser's own download shows it. */
export function artifactUrl(runId: string, name: string): string {
  return `/api/v1/runs/${encodeURIComponent(runId)}/artifacts/${encodeURIComponent(name)}`;
}

const HISTORY_KINDS = "log,state,alert,artifact,rewind,knob,system";
const HISTORY_PART = 1000;

/** A run's events other than metrics, oldest first. */
export async function fetchRunHistory(id: string): Promise<unknown[]> {
  const events: unknown[] = [];
  let after: number | null = 0;
  do {
    const query = { after, limit: HISTORY_PART, kinds: HISTORY_KINDS };
    const part: components["schemas"]["RunEventPage"] = dataOf(
      await api.GET("/api/v1/runs/{run_id}/events", { params: { path: { run_id: id }, query } }),
    );
    events.push(...part.items);
    after = part.next;
  } while (after !== null);
  return events;
}
