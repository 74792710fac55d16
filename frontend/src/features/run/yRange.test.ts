import { describe, expect, it } from "vitest";
import type { Table } from "@/series/lines";
import { yRange } from "./yRange";

const table = (batch: (number | null)[], epoch: (number | null)[] = []): Table => [
  batch.map((_, index) => index),
  batch,
  epoch,
];

describe("yRange", () => {
  it("shows every value with some room, and never begins below zero without need", () => {
    const [low, high] = yRange(table([0.01, 2, null]), false, false);
    expect(low).toBe(0);
    expect(high).toBeGreaterThan(2);
    expect(yRange(table([-1, 1]), false, false)[0]).toBeLessThan(-1);
  });

  it("keeps a spike of one batch in the picture", () => {
    const values = Array.from({ length: 1000 }, (_, index) => (index === 500 ? 90 : 1));
    expect(yRange(table(values), false, false)[1]).toBeGreaterThan(90);
  });

  it("lets it leave when outliers are left out", () => {
    const values = Array.from({ length: 1000 }, (_, index) => (index === 500 ? 90 : 1));
    expect(yRange(table(values), false, true)[1]).toBeLessThan(2);
  });

  it("never lets an epoch leave", () => {
    const values = Array.from({ length: 1000 }, () => 1);
    expect(yRange(table(values, [40]), false, true)[1]).toBeGreaterThan(40);
  });

  it("stays above zero on a log scale", () => {
    const [low, high] = yRange(table([0.001, 10]), true, false);
    expect(low).toBeGreaterThan(0);
    expect(low).toBeLessThan(0.001);
    expect(high).toBeGreaterThan(10);
  });

  it("has a range for values that are all the same, and for none", () => {
    const [low, high] = yRange(table([5, 5]), false, false);
    expect(high).toBeGreaterThan(low);
    expect(yRange(table([]), false, false)).toEqual([0, 1]);
  });
});
