import { describe, expect, it } from "vitest";
import { createAxis, formatClock, formatPlace, formatSteps, gutterOf, seriesAxis, tickSteps } from "./axis";

describe("createAxis", () => {
  it("turns steps into epochs once their length is known", () => {
    const axis = createAxis("epoch", 1688, 0);
    expect(axis.toAxis(844)).toBe(0.5);
    expect(axis.fromAxis(2)).toBe(3376);
  });

  it("stays with steps while the length of an epoch is not known", () => {
    expect(createAxis("epoch", null, 0).mode).toBe("step");
  });

  it("counts seconds from the start", () => {
    const axis = createAxis("time", null, 1_000_000);
    expect(axis.toAxis(1_065_000)).toBe(65);
    expect(axis.fromAxis(65)).toBe(1_065_000);
  });

  it.each(["step", "epoch", "time"] as const)("comes back to where it began: %s", (mode) => {
    const axis = createAxis(mode, 45, 1234);
    expect(axis.fromAxis(axis.toAxis(777))).toBeCloseTo(777, 9);
  });
});

it("reads epochs from the series by step", () => {
  expect([seriesAxis("step"), seriesAxis("epoch"), seriesAxis("time")]).toEqual(["step", "step", "time"]);
});

it("writes ticks short", () => {
  expect([0, 500, 12_500, 3_000_000].map(formatSteps)).toEqual(["0", "500", "12.5k", "3M"]);
  expect([0, 65, 3725].map(formatClock)).toEqual(["0:00", "1:05", "1:02:05"]);
});

it("ticks whole steps, and parts of an epoch", () => {
  expect(tickSteps("step").slice(0, 5)).toEqual([1, 2, 5, 10, 20]);
  expect(tickSteps("step").every(Number.isInteger)).toBe(true);
  expect(tickSteps("step").at(-1)).toBeGreaterThan(1e11);
  expect(tickSteps("epoch").slice(0, 4)).toEqual([0.1, 0.2, 0.5, 1]);
});

it("names a place on the axis as precisely as it means something", () => {
  expect([formatPlace("step", 706.78), formatPlace("epoch", 4.1863), formatPlace("time", 65.4)]).toEqual([
    "707",
    "4.19",
    "1:05",
  ]);
});

it("gives the vertical axis the room that its widest label needs", () => {
  const widthOf = (label: string) => label.length * 7.5;
  expect(gutterOf(["0", "50"], 8, widthOf)).toBe(52);
  expect(gutterOf(["0", "−1.75e−12"], 8, widthOf)).toBe(76);
  expect(gutterOf([], 8, widthOf)).toBe(52);
});
