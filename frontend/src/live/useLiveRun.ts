import { useEffect, useMemo, useSyncExternalStore } from "react";
import { fetchRunHistory } from "@/api/runs";
import type { SubscriptionHandle } from "./connection";
import { live } from "./live";
import { LiveRun, type LiveRunState, type XAxis } from "./liveRun";
import { readEvents } from "./wire";

/** Points that a chart of any width can use; the server buckets the rest. */
const MOST_POINTS = 4000;

interface Shared {
  readonly run: LiveRun;
  users: number;
  stream: SubscriptionHandle | null;
}

/** One stream per run and x axis, whatever number of panels show it. */
const shared = new Map<string, Shared>();

function find(runId: string, x: XAxis): Shared {
  const key = `${runId} ${x}`;
  let entry = shared.get(key);
  if (!entry) {
    const run = new LiveRun(x, async () => readEvents(await fetchRunHistory(runId)));
    entry = { run, users: 0, stream: null };
    shared.set(key, entry);
  }
  return entry;
}

function join(runId: string, entry: Shared): void {
  entry.users += 1;
  const { run } = entry;
  entry.stream ??= live.subscribe(`run:${runId}`, run, { x: run.x, max_points: MOST_POINTS });
}

function leave(runId: string, entry: Shared): void {
  entry.users -= 1;
  // A panel that replaces another one leaves and joins in the same turn.
  setTimeout(() => {
    if (entry.users > 0) return;
    entry.stream?.close();
    entry.stream = null;
    shared.delete(`${runId} ${entry.run.x}`);
  }, 0);
}

/** The stream of a run, open for as long as anything shows it. */
export function useLiveRun(runId: string, x: XAxis = "step"): LiveRun {
  const entry = useMemo(() => find(runId, x), [runId, x]);
  useEffect(() => {
    join(runId, entry);
    return () => leave(runId, entry);
  }, [runId, entry]);
  return entry.run;
}

/** What React renders of a run's stream; curves are read from `run.series` by the charts themselves. */
export function useLiveRunState<T>(run: LiveRun, select: (state: LiveRunState) => T): T {
  return useSyncExternalStore(run.listen, () => select(run.state));
}
