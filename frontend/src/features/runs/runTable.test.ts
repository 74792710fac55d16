import { describe, expect, it } from "vitest";
import { makeRun } from "@/test/runs";
import { filterRuns, latest, secondsOf, shareOf, sortRuns } from "./runTable";

const NOW = Date.parse("2026-03-10T12:00:00Z");

const older = makeRun({
  id: "old",
  name: "Alpha",
  created_at: "2026-03-10T09:00:00Z",
  last: { "batch/loss": 2 },
});
const newer = makeRun({
  id: "new",
  name: "beta",
  created_at: "2026-03-10T10:00:00Z",
  state: "RUNNING",
  last: {},
});
const failed = makeRun({
  id: "bad",
  name: "gamma",
  created_at: "2026-03-10T08:00:00Z",
  state: "FAILED",
  dataset: "iris",
  tags: ["sweep"],
  last: { "epoch/val_loss": "NaN" },
});
const RUNS = [older, newer, failed];

const ids = (runs: readonly { id: string }[]) => runs.map(({ id }) => id);

describe("filterRuns", () => {
  it("finds every word wherever it stands", () => {
    expect(ids(filterRuns(RUNS, "IRIS sweep", "all"))).toEqual(["bad"]);
    expect(ids(filterRuns(RUNS, "iris alpha", "all"))).toEqual([]);
    expect(ids(filterRuns(RUNS, "  ", "all"))).toEqual(["old", "new", "bad"]);
  });

  it("shows the states that were asked for", () => {
    expect(ids(filterRuns(RUNS, "", "active"))).toEqual(["new"]);
    expect(ids(filterRuns(RUNS, "", "finished"))).toEqual(["old"]);
    expect(ids(filterRuns(RUNS, "", "failed"))).toEqual(["bad"]);
  });
});

describe("sortRuns", () => {
  it("sorts without changing the list", () => {
    expect(ids(sortRuns(RUNS, { column: "created", isDescending: true }, NOW))).toEqual([
      "new",
      "old",
      "bad",
    ]);
    expect(ids(RUNS)).toEqual(["old", "new", "bad"]);
  });

  it("ignores the case of names", () => {
    expect(ids(sortRuns(RUNS, { column: "name", isDescending: false }, NOW))).toEqual(["old", "new", "bad"]);
  });

  it.each([true, false])("puts what has no number last (descending: %s)", (isDescending) => {
    expect(ids(sortRuns(RUNS, { column: "loss", isDescending }, NOW))[0]).toBe("old");
  });
});

describe("the values of a row", () => {
  it("prefer validation over training", () => {
    expect(latest({ last: { "epoch/loss": 1, "epoch/val_loss": 2, "batch/loss": 3 } }, "loss")).toEqual({
      value: 2,
      part: "validation",
    });
    expect(latest({ last: { "batch/loss": 3, "running/loss": 4 } }, "loss")).toEqual({
      value: 4,
      part: "training",
    });
    expect(latest({ last: {} }, "loss")).toBeNull();
  });

  it("count the time of a run that goes on until now", () => {
    expect(secondsOf({ started_at: "2026-03-10T11:59:00Z", ended_at: null }, NOW)).toBe(60);
    expect(secondsOf({ started_at: null, ended_at: null }, NOW)).toBeNull();
  });

  it("know no share before the length is known", () => {
    expect(shareOf({ step: 5, epochs: 2, steps_per_epoch: null })).toBeNull();
    expect(shareOf({ step: 5, epochs: 2, steps_per_epoch: 5 })).toBe(0.5);
  });
});
