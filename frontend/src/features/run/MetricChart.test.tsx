import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { LiveRun } from "@/live/liveRun";
import { renderPage } from "@/test/render";
import { createAxis } from "./axis";
import { MetricChart } from "./MetricChart";
import type { PlotOptions } from "./plot";

const made: { options: PlotOptions; setData: ReturnType<typeof vi.fn> }[] = [];

// A canvas is the browser's; what is drawn on it and when is decided here.
vi.mock("./plot", () => ({
  createPlot: (_host: HTMLElement, _width: number, options: PlotOptions) => {
    const setData = vi.fn();
    made.push({ options, setData });
    return { setData, resize: () => undefined, point: () => undefined, destroy: () => undefined };
  },
}));

const GROUP = { metric: "accuracy", batch: "batch/accuracy", epoch: null, validation: null };

function runWith(values: number[]): LiveRun {
  const run = new LiveRun("step", async () => []);
  feed(run, values, 1);
  return run;
}

function feed(run: LiveRun, values: number[], firstStep: number): void {
  run.onEvents(
    values.map((value, index) => ({
      seq: firstStep + index,
      attempt: 1,
      kind: "metrics",
      step: firstStep + index,
      epoch: 1,
      t_ms: 0,
      body: { "batch/accuracy": value },
    })),
  );
}

const show = (run: LiveRun) =>
  renderPage(
    <MetricChart
      run={run}
      runId="r_1"
      group={GROUP}
      axis={createAxis("step", null, 0)}
      smoothing={0}
      isLog={false}
      withoutOutliers={false}
      height={200}
    />,
  );

beforeEach(() => {
  made.length = 0;
});

describe("MetricChart", () => {
  it("reads its newest value out", async () => {
    await show(runWith([0.5, 0.75]));
    const chart = screen.getByRole("slider", { name: "Accuracy over time" });
    expect(chart).toHaveAttribute("aria-valuetext", "now, Training (batch) 75.00%");
  });

  it("reads values along the curve with the arrow keys", async () => {
    await show(runWith(Array.from({ length: 101 }, (_, index) => index / 100)));
    screen.getByRole("slider").focus();
    await userEvent.keyboard("{Home}");
    expect(screen.getByRole("slider")).toHaveAttribute("aria-valuetext", "Step 1, Training (batch) 0.00%");
    await userEvent.keyboard("{ArrowRight}");
    expect(screen.getByRole("slider")).toHaveAttribute("aria-valuetext", "Step 3, Training (batch) 2.00%");
  });

  it("zooms with the keyboard and shows everything again", async () => {
    await show(runWith(Array.from({ length: 101 }, () => 1)));
    expect(made.at(-1)?.options.range()).toEqual([1, 101]);
    screen.getByRole("slider").focus();
    await userEvent.keyboard("+");
    expect(made.at(-1)?.options.range()).toEqual([26, 76]);
    await userEvent.click(screen.getByRole("button", { name: "Show all" }));
    expect(made.at(-1)?.options.range()).toEqual([1, 101]);
  });

  it("draws what arrives, at most ten times a second", async () => {
    const run = runWith([0.1]);
    await show(run);
    const { setData } = made[0] ?? { setData: vi.fn() };
    vi.useFakeTimers();
    try {
      setData.mockClear();
      for (let step = 2; step < 102; step += 1) {
        feed(run, [0.2], step);
        await act(() => vi.advanceTimersByTimeAsync(10));
      }
      expect(setData.mock.calls.length).toBeGreaterThanOrEqual(5);
      expect(setData.mock.calls.length).toBeLessThanOrEqual(11);
    } finally {
      vi.useRealTimers();
    }
  });
});
