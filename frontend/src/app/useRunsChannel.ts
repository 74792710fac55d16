import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { RUNS, type Run, runQuery, runsQuery } from "@/api/runs";
import { live } from "@/live/live";
import type { RunEvent } from "@/live/wire";

/**
 * Keeps every page's view of the runs current: one subscription for the whole application, whose news go into the
 * query cache.
 */
export function useRunsChannel(): void {
  const queries = useQueryClient();
  useEffect(() => {
    const apply = (run: Run) => {
      queries.setQueryData(runsQuery.queryKey, (runs) => runs && upsert(runs, run));
      queries.setQueryData(runQuery(run.id).queryKey, (detail) => detail && { ...detail, ...run });
    };
    const channel = live.subscribe("runs", {
      // After a gap nothing is certain: ask again.
      onSnapshot: () => void queries.invalidateQueries({ queryKey: RUNS }),
      onSummary: () => undefined,
      onEvents: (events) => events.flatMap(runOf).forEach(apply),
    });
    return () => channel.close();
  }, [queries]);
}

/** The channel's events carry the run as the list shows it. */
function runOf(event: RunEvent): Run[] {
  const { run } = event.body;
  const isRun = typeof run === "object" && run !== null && "id" in run && "state" in run;
  return isRun ? [run as Run] : [];
}

function upsert(runs: readonly Run[], run: Run): Run[] {
  const isKnown = runs.some(({ id }) => id === run.id);
  return isKnown ? runs.map((known) => (known.id === run.id ? run : known)) : [run, ...runs];
}
