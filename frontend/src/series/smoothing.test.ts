import { describe, expect, it } from "vitest";
import { SeriesStore } from "./seriesStore";
import { Smoother } from "./smoothing";

const point = (x: number, y: number) => ({ x, min: y, max: y, last: y });

describe("Smoother", () => {
  it("begins at the first value and not at zero", () => {
    expect(new Smoother(0.9).push(7)).toBeCloseTo(7, 12);
  });

  it("stays at a constant", () => {
    const smoother = new Smoother(0.95);
    for (let index = 0; index < 100; index += 1) expect(smoother.push(3)).toBeCloseTo(3, 12);
  });

  it("with weight 0 changes nothing", () => {
    const smoother = new Smoother(0);
    expect([4, -1, 9].map((value) => smoother.push(value))).toEqual([4, -1, 9]);
  });

  it("is not poisoned by a value that is not finite", () => {
    const smoother = new Smoother(0.5);
    smoother.push(2);
    expect(smoother.push(Number.NaN)).toBeNaN();
    expect(smoother.push(2)).toBeCloseTo(2, 12);
  });
});

describe("SeriesStore", () => {
  it("keeps a smoothed series up with the points that arrive", () => {
    const whole = new SeriesStore();
    const grown = new SeriesStore();
    const values = [3, 1, 4, 1, 5, 9, 2, 6];
    grown.push("batch/loss", point(0, values[0] ?? 0));
    grown.smoothed("batch/loss", 0.7);
    values.forEach((value, x) => {
      whole.push("batch/loss", point(x, value));
      if (x > 0) grown.push("batch/loss", point(x, value));
    });
    const read = (store: SeriesStore) => [...(store.smoothed("batch/loss", 0.7)?.samples() ?? [])];
    expect(read(grown)).toEqual(read(whole));
    expect(read(whole)).toHaveLength(values.length);
  });

  it("smooths anew when the weight changes", () => {
    const store = new SeriesStore();
    [1, 5, 1, 5].forEach((value, x) => {
      store.push("batch/loss", point(x, value));
    });
    const light = store.smoothed("batch/loss", 0.1)?.last?.last;
    const strong = store.smoothed("batch/loss", 0.9)?.last?.last;
    expect(light).toBeGreaterThan(strong ?? Number.POSITIVE_INFINITY);
  });
});
