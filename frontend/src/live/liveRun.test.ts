import { describe, expect, it, vi } from "vitest";
import { LiveRun } from "./liveRun";
import type { RunEvent } from "./wire";

let seq = 0;

function event(kind: string, body: Record<string, unknown>, more: Partial<RunEvent> = {}): RunEvent {
  seq += 1;
  return { seq, attempt: 1, kind, step: 0, epoch: 0, t_ms: 1000 + seq, body, ...more };
}

const noHistory = async () => [];

describe("LiveRun", () => {
  it("grows its curves batch by batch", () => {
    const run = new LiveRun("step", noHistory);
    run.onSnapshot([]);
    run.onEvents([
      event("metrics", { "batch/loss": 2, "batch/accuracy": 0.1 }, { step: 1, epoch: 1 }),
      event("metrics", { "batch/loss": "NaN", samples_per_second: 900 }, { step: 2, epoch: 1 }),
    ]);
    expect(run.series.get("batch/loss")?.length).toBe(2);
    expect(run.series.get("batch/loss")?.last?.last).toBeNaN();
    expect(run.series.keys()).not.toContain("samples_per_second");
    expect(run.state).toMatchObject({ step: 2, epoch: 1, samplesPerSecond: 900, isLoaded: true });
  });

  it("lays points at their time when that is the axis", () => {
    const run = new LiveRun("time", noHistory);
    run.onEvents([event("metrics", { "batch/loss": 2 }, { step: 1, t_ms: 5555 })]);
    expect(run.series.get("batch/loss")?.last?.x).toBe(5555);
  });

  it("begins its curves anew with a snapshot", () => {
    const run = new LiveRun("step", noHistory);
    run.onEvents([event("metrics", { "batch/loss": 2 }, { step: 1 })]);
    run.onSnapshot([{ key: "batch/loss", x: [1, 2], min: [1, 1], max: [3, 1], last: [2, 1] }]);
    expect([...(run.series.get("batch/loss")?.samples() ?? [])]).toEqual([
      { x: 1, min: 1, max: 3, last: 2 },
      { x: 2, min: 1, max: 1, last: 1 },
    ]);
  });

  it("keeps a spike of a stretch that was sent as a whole", () => {
    const run = new LiveRun("step", noHistory);
    run.onSummary([{ key: "batch/loss", n: 500, last: 1, min: 0.5, max: 90, x_last: 500 }]);
    expect(run.series.get("batch/loss")?.last?.max).toBe(90);
  });

  it("fetches the log of before it was open, once for each event", async () => {
    const old = [
      event("log", { level: "info", text: "first" }),
      event("log", { level: "warning", text: "second", message: { en: "second", "zh-CN": "第二" } }),
    ];
    const fetchHistory = vi.fn(async () => old);
    const run = new LiveRun("step", fetchHistory);
    run.onEvents(old.slice(1));
    run.onSnapshot([]);
    await vi.waitFor(() => expect(run.state.log).toHaveLength(2));
    expect(run.state.log.map(({ text }) => text)).toEqual([
      { en: "first", "zh-CN": "first" },
      { en: "second", "zh-CN": "第二" },
    ]);
  });

  it("keeps the newest state, whatever order events come in", () => {
    const run = new LiveRun("step", noHistory);
    const running = event("state", { state: "RUNNING", epochs: 3, steps_per_epoch: 50 });
    const failed = event("state", {
      state: "FAILED",
      reason: "non_finite_loss",
      message: { en: "The loss became NaN.", "zh-CN": "损失变为 NaN。" },
    });
    run.onEvents([failed]);
    run.addHistory([running]);
    expect(run.state).toMatchObject({
      state: "FAILED",
      reason: "non_finite_loss",
      epochs: 3,
      stepsPerEpoch: 50,
      message: { en: "The loss became NaN." },
    });
  });

  it("does not let the state at subscription overrule an event", () => {
    const run = new LiveRun("step", noHistory);
    run.onHead({ state: "QUEUED" });
    expect(run.state.state).toBe("QUEUED");
    run.onEvents([event("state", { state: "RUNNING" })]);
    run.onHead({ state: "STARTING" });
    expect(run.state.state).toBe("RUNNING");
  });

  it("tells of a download and forgets it when the run moves on", () => {
    const run = new LiveRun("step", noHistory);
    run.onEvents([event("system", { download: { dataset: "mnist", received: 10, total: 100 } })]);
    expect(run.state.download).toEqual({ dataset: "mnist", received: 10, total: 100 });
    run.onEvents([event("state", { state: "RUNNING" })]);
    expect(run.state.download).toBeNull();
  });

  it("does not take up a download again that history tells of late", () => {
    const run = new LiveRun("step", noHistory);
    const downloading = event("system", { download: { dataset: "mnist", received: 10, total: 100 } });
    const running = event("state", { state: "RUNNING" });
    run.onEvents([running]);
    run.addHistory([downloading, running]);
    expect(run.state.download).toBeNull();
  });

  it("marks alerts and counts files", () => {
    const run = new LiveRun("step", noHistory);
    run.onEvents([
      event("alert", { code: "slow", message: { en: "Slow.", "zh-CN": "慢。" } }, { step: 7 }),
      event("artifact", { name: "model.keras", kind: "keras", bytes: 1, sha256: "" }),
      event("something_new", {}),
    ]);
    expect(run.state.marks).toMatchObject([{ kind: "alert", step: 7, message: { en: "Slow." } }]);
    expect(run.state.artifacts).toBe(1);
  });

  it("tells its listeners of every frame until they leave", () => {
    const run = new LiveRun("step", noHistory);
    const listener = vi.fn();
    const leave = run.listen(listener);
    run.onEvents([event("log", { text: "a" })]);
    leave();
    run.onEvents([event("log", { text: "b" })]);
    expect(listener).toHaveBeenCalledTimes(1);
  });
});
