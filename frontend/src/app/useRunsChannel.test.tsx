import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderHook } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { runQuery, runsQuery } from "@/api/runs";
import type { Subscriber } from "@/live/subscription";
import { makeRun, makeRunDetail } from "@/test/runs";
import { useRunsChannel } from "./useRunsChannel";

const subscribers = vi.hoisted(() => [] as Subscriber[]);

vi.mock("@/live/live", () => ({
  live: {
    subscribe: (_channel: string, subscriber: Subscriber) => {
      subscribers.push(subscriber);
      return { close() {}, setView() {} };
    },
  },
}));

function setUp() {
  const queries = new QueryClient();
  queries.setQueryData(runsQuery.queryKey, [makeRun({ state: "RUNNING", step: 10 })]);
  queries.setQueryData(runQuery("r_1").queryKey, makeRunDetail({ state: "RUNNING", step: 10 }));
  renderHook(() => useRunsChannel(), {
    wrapper: ({ children }) => <QueryClientProvider client={queries}>{children}</QueryClientProvider>,
  });
  const tell = (run: object) =>
    subscribers
      .at(-1)
      ?.onEvents([{ seq: 1, attempt: 1, kind: "state", step: 0, epoch: 0, t_ms: 0, body: { run } }]);
  return { queries, tell };
}

beforeEach(() => {
  subscribers.length = 0;
});

describe("useRunsChannel", () => {
  it("keeps the list and the page of a run current, without losing what only the page has", () => {
    const { queries, tell } = setUp();
    tell(makeRun({ state: "SUCCEEDED", step: 300 }));
    expect(queries.getQueryData(runsQuery.queryKey)).toMatchObject([{ state: "SUCCEEDED", step: 300 }]);
    expect(queries.getQueryData(runQuery("r_1").queryKey)).toMatchObject({ state: "SUCCEEDED", log: "L" });
  });

  it("puts a run that it did not know first", () => {
    const { queries, tell } = setUp();
    tell(makeRun({ id: "r_2" }));
    expect(queries.getQueryData(runsQuery.queryKey)?.map(({ id }) => id)).toEqual(["r_2", "r_1"]);
  });

  it("makes nothing up for a list that was never asked for", () => {
    const { queries, tell } = setUp();
    queries.removeQueries({ queryKey: runsQuery.queryKey });
    tell(makeRun({ id: "r_2" }));
    expect(queries.getQueryData(runsQuery.queryKey)).toBeUndefined();
  });

  it("asks again for everything when the stream begins anew", () => {
    const { queries } = setUp();
    subscribers.at(-1)?.onSnapshot([]);
    expect(queries.getQueryState(runsQuery.queryKey)?.isInvalidated).toBe(true);
  });
});
