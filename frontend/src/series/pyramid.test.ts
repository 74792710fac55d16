import { describe, expect, it } from "vitest";
import { Pyramid } from "./pyramid";

function filled(count: number, value: (index: number) => number): Pyramid {
  const pyramid = new Pyramid();
  for (let index = 0; index < count; index += 1) pyramid.push(index, value(index));
  return pyramid;
}

const EVERYTHING = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;

describe("Pyramid", () => {
  it("gives the points themselves while they fit", () => {
    const stretch = filled(5, (index) => index * index).read(...EVERYTHING, 100);
    expect([...stretch.x]).toEqual([0, 1, 2, 3, 4]);
    expect([...stretch.min]).toEqual([0, 1, 4, 9, 16]);
    expect([...stretch.max]).toEqual([0, 1, 4, 9, 16]);
  });

  it("never gives more than can be drawn, and not much less", () => {
    const pyramid = filled(100_000, Math.sin);
    for (const mostPoints of [50, 400, 2000]) {
      const points = pyramid.read(...EVERYTHING, mostPoints).x.length * 2;
      expect(points).toBeLessThanOrEqual(mostPoints);
      expect(points).toBeGreaterThan(mostPoints / 4);
    }
  });

  it("counts a point as one and a bucket as two", () => {
    const points = filled(100, () => 1);
    expect(points.read(...EVERYTHING, 100).x).toHaveLength(100);
    const buckets = new Pyramid();
    for (let x = 0; x < 100; x += 1) buckets.pushBucket({ x, min: 0, max: 1, last: 1 });
    expect(buckets.read(...EVERYTHING, 100).x).toHaveLength(50);
  });

  it.each([0, 12_345, 49_999])("shows a spike of one step at %i at every zoom", (at) => {
    const pyramid = filled(50_000, (index) => (index === at ? 1000 : 1));
    for (const most of [20, 300, 5000, 50_000]) {
      expect(Math.max(...pyramid.read(...EVERYTHING, most).max)).toBe(1000);
    }
  });

  it("keeps the bounds of a stretch whatever the zoom", () => {
    const pyramid = filled(10_000, (index) => Math.sin(index * 12.9898) * 43758.5453);
    const raw = pyramid.read(...EVERYTHING, 10_000);
    const coarse = pyramid.read(...EVERYTHING, 100);
    expect(Math.min(...coarse.min)).toBe(Math.min(...raw.min));
    expect(Math.max(...coarse.max)).toBe(Math.max(...raw.max));
  });

  it("does not move bucket boundaries as points arrive", () => {
    const pyramid = filled(10_000, Math.cos);
    const before = [...pyramid.read(0, 8000, 200).x];
    for (let index = 10_000; index < 12_000; index += 1) pyramid.push(index, 0);
    expect([...pyramid.read(0, 8000, 200).x]).toEqual(before);
  });

  it("reads a stretch with one entry beyond each end, so that lines reach the edge", () => {
    const stretch = filled(100, (index) => index).read(40, 50, 1000);
    expect(stretch.x[0]).toBe(39);
    expect(stretch.x.at(-1)).toBe(50);
  });

  it("sees more detail in a shorter stretch", () => {
    const pyramid = filled(100_000, Math.sin);
    const near = pyramid.read(500, 700, 300);
    expect((near.x[1] ?? 0) - (near.x[0] ?? 0)).toBe(1);
  });

  it("takes buckets that the server had made", () => {
    const pyramid = new Pyramid();
    pyramid.pushBucket({ x: 0, min: -5, max: 9, last: 2 });
    pyramid.pushBucket({ x: 64, min: 1, max: 3, last: 3 });
    expect([...pyramid.read(...EVERYTHING, 10).max]).toEqual([9, 3]);
    expect(pyramid.last).toEqual({ x: 64, min: 1, max: 3, last: 3 });
  });

  it("drops a point that lies before the last", () => {
    const pyramid = filled(3, () => 1);
    pyramid.push(1, 99);
    expect(pyramid.length).toBe(3);
    expect(pyramid.last?.max).toBe(1);
  });

  it("shows the numbers of a bucket that also holds NaN", () => {
    const pyramid = filled(64, (index) => (index % 2 === 0 ? Number.NaN : index));
    const coarse = pyramid.read(...EVERYTHING, 4);
    expect([...coarse.max].every(Number.isFinite)).toBe(true);
    expect(Math.max(...coarse.max)).toBe(63);
  });

  it("finds the sample at or before x", () => {
    const pyramid = filled(10, (index) => index * 2);
    expect(pyramid.before(4)?.last).toBe(8);
    expect(pyramid.before(4.7)?.last).toBe(8);
    expect(pyramid.before(-1)).toBeNull();
    expect(pyramid.before(99)?.last).toBe(18);
  });
});
