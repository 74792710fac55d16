import { describe, expect, it } from "vitest";
import { makeRun } from "@/test/runs";
import { estimateEpoch, lastMeasured } from "./estimate";

const run = (id: string, at: string, changes: object = {}) =>
  makeRun({ id, dataset: "digits", created_at: at, last: { "epoch/seconds": 4 }, ...changes });

describe("the time of an epoch", () => {
  it("is that of the newest finished run on the same data", () => {
    const runs = [
      run("old", "2026-01-01T00:00:00Z"),
      run("new", "2026-01-02T00:00:00Z"),
      run("failed", "2026-01-03T00:00:00Z", { state: "FAILED" }),
      run("elsewhere", "2026-01-03T00:00:00Z", { dataset: "iris" }),
      run("untimed", "2026-01-03T00:00:00Z", { last: {} }),
    ];
    expect(lastMeasured(runs, "digits")).toEqual({ run: "new", secondsPerEpoch: 4 });
    expect(lastMeasured(runs, "other")).toBeNull();
    expect(lastMeasured(runs, null)).toBeNull();
  });

  it("grows with the cost, and is unknown for what is too unlike", () => {
    const measured = { macs: 1000, batchSize: 32 };
    expect(estimateEpoch(4, measured, { macs: 1500, batchSize: 32 })).toBe(6);
    expect(estimateEpoch(4, measured, { macs: 2500, batchSize: 32 })).toBeNull();
    expect(estimateEpoch(4, measured, { macs: 1000, batchSize: 64 })).toBeNull();
    expect(estimateEpoch(4, { macs: 0, batchSize: 32 }, { macs: 0, batchSize: 32 })).toBeNull();
  });
});
