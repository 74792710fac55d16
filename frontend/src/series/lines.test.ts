import { describe, expect, it } from "vitest";
import { alignLines, ends, mapX, zigzag } from "./lines";
import { Pyramid } from "./pyramid";

function stretch(...buckets: [x: number, min: number, max: number, last: number][]) {
  const pyramid = new Pyramid();
  for (const [x, min, max, last] of buckets) pyramid.pushBucket({ x, min, max, last });
  return pyramid.read(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 1000);
}

describe("zigzag", () => {
  it("draws points as they are", () => {
    expect(zigzag(stretch([1, 5, 5, 5], [2, 7, 7, 7]))).toEqual({ x: [1, 2], y: [5, 7] });
  });

  it("touches both bounds of a bucket and ends near its last value", () => {
    expect(zigzag(stretch([0, 1, 9, 8], [4, 2, 2, 2])).y).toEqual([1, 9, 2]);
    expect(zigzag(stretch([0, 1, 9, 2], [4, 2, 2, 2])).y).toEqual([9, 1, 2]);
  });

  it("keeps x rising", () => {
    const { x } = zigzag(stretch([0, 1, 2, 1], [4, 1, 2, 1], [8, 1, 2, 1]));
    expect([...x].sort((a, b) => a - b)).toEqual(x);
  });
});

describe("alignLines", () => {
  it("merges lines that have points at different x", () => {
    const table = alignLines(
      [
        { x: [1, 2, 3], y: [10, 20, 30] },
        { x: [2, 4], y: [5, 6] },
      ],
      Number.isFinite,
    );
    expect(table).toEqual([
      [1, 2, 3, 4],
      [10, 20, 30, null],
      [null, 5, null, 6],
    ]);
  });

  it("leaves a gap where a value cannot be drawn", () => {
    const [, y] = alignLines(
      [{ x: [1, 2, 3], y: [1, Number.NaN, Number.POSITIVE_INFINITY] }],
      Number.isFinite,
    );
    expect(y).toEqual([1, null, null]);
  });

  it("has no rows for no lines", () => {
    expect(alignLines([], Number.isFinite)).toEqual([[]]);
  });
});

describe("ends and mapX", () => {
  it("draw last values on another axis", () => {
    expect(mapX(ends(stretch([100, 1, 3, 2], [200, 1, 3, 1])), (x) => x / 100)).toEqual({
      x: [1, 2],
      y: [2, 1],
    });
  });
});
