import { describe, expect, it } from "vitest";
import { Pyramid } from "@/series/pyramid";
import { SeriesStore } from "@/series/seriesStore";
import { CHART_LINES, extentOf, tableOf, valuesAt } from "./chartTable";

const GROUP = { metric: "loss", batch: "batch/loss", epoch: "epoch/loss", validation: "epoch/val_loss" };
const VIEW = {
  range: null,
  widthPx: 1000,
  toAxis: (x: number) => x,
  smoothing: 0,
  isLog: false,
  detail: null,
};

function filled(batches: number[], epochs: [x: number, loss: number, val: number][] = []): SeriesStore {
  const series = new SeriesStore();
  const push = (key: string, x: number, y: number) => series.push(key, { x, min: y, max: y, last: y });
  batches.forEach((y, index) => {
    push("batch/loss", index + 1, y);
  });
  for (const [x, loss, val] of epochs) {
    push("epoch/loss", x, loss);
    push("epoch/val_loss", x, val);
  }
  return series;
}

/** The column of a line, by name. */
function column(series: SeriesStore, line: (typeof CHART_LINES)[number], view = VIEW) {
  return tableOf(series, GROUP, view)[CHART_LINES.indexOf(line) + 1];
}

describe("tableOf", () => {
  it("shows the first batch before any epoch has ended", () => {
    expect(tableOf(filled([2.3]), GROUP, VIEW)).toEqual([[1], [2.3], [null], [null], [null]]);
  });

  it("lays epochs at the step at which they ended", () => {
    const series = filled([4, 3, 2, 1], [[4, 2.5, 1.5]]);
    expect(column(series, "epoch")).toEqual([null, null, null, 2.5]);
    expect(column(series, "validation")).toEqual([null, null, null, 1.5]);
  });

  it("smooths only when asked to", () => {
    const series = filled([0, 1, 0, 1]);
    expect(column(series, "smoothed")).toEqual([null, null, null, null]);
    const smoothed = column(series, "smoothed", { ...VIEW, smoothing: 0.9 });
    expect(smoothed?.[3]).toBeGreaterThan(0.3);
    expect(smoothed?.[3]).toBeLessThan(0.7);
  });

  it("leaves gaps where a log scale has no place", () => {
    expect(column(filled([1, 0, -1, 2]), "batch", { ...VIEW, isLog: true })).toEqual([1, null, null, 2]);
  });

  it("never draws more than two points for a pixel", () => {
    const series = filled(Array.from({ length: 20_000 }, (_, index) => Math.sin(index)));
    const [xs] = tableOf(series, GROUP, { ...VIEW, widthPx: 300 });
    expect(xs.length).toBeLessThanOrEqual(600);
  });

  it("draws finer points where they were fetched", () => {
    const detail = new Pyramid();
    detail.push(2, 7);
    detail.push(3, 8);
    const [xs, batch] = tableOf(filled([4, 3, 2, 1]), GROUP, { ...VIEW, range: [2, 3], detail });
    expect([xs, batch]).toEqual([
      [2, 3],
      [7, 8],
    ]);
  });

  it("draws on the axis that was chosen", () => {
    const [xs] = tableOf(filled([5, 4, 3]), GROUP, { ...VIEW, toAxis: (x) => x / 2 });
    expect(xs).toEqual([0.5, 1, 1.5]);
  });
});

describe("extentOf", () => {
  it("spans all lines", () => {
    expect(extentOf(filled([1, 1, 1], [[9, 1, 1]]), GROUP)).toEqual([1, 9]);
  });

  it("is null before the first point", () => {
    expect(extentOf(new SeriesStore(), GROUP)).toBeNull();
  });
});

describe("valuesAt", () => {
  const series = filled([4, 3, 2, 1], [[2, 3.5, 3.1]]);

  it("reads the newest values", () => {
    expect(valuesAt(series, GROUP, null)).toEqual({ batch: 1, epoch: 3.5, validation: 3.1 });
  });

  it("reads what stood at a step", () => {
    expect(valuesAt(series, GROUP, 1.5)).toEqual({ batch: 4, epoch: null, validation: null });
  });
});
