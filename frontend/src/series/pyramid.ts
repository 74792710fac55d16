/**
 * A min/max pyramid: one series at every zoom in constant work.
 *
 * Level 0 holds what arrived; an entry of level k covers `FAN ** k` of them and keeps their smallest, largest and
 * last value. Reading a stretch picks the level on which it has few enough entries, so a spike of one step is never
 * averaged away, and buckets are aligned to the first point, so they do not dance while points arrive.
 * Rejected: LTTB, which may drop the spike; sampling per redraw, which costs the length of the series each time.
 */
import { Column } from "./column";

const FAN = 2;
/** Enough for a million points: the highest level then holds some sixty entries. */
const DEPTH = 15;

/** What arrived at one x: a point (`min == max == last`) or a bucket that the server had made. */
export interface Sample {
  x: number;
  min: number;
  max: number;
  last: number;
}

/** Entries of one level, oldest first. `x` is where an entry begins. */
export interface Stretch {
  x: Float64Array;
  min: Float64Array;
  max: Float64Array;
  last: Float64Array;
}

interface Level {
  x: Column;
  min: Column;
  max: Column;
  last: Column;
}

function createLevel(): Level {
  return { x: new Column(), min: new Column(), max: new Column(), last: new Column() };
}

/** The first index whose x is at or after `x`. */
function lowerBound(column: Column, x: number): number {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column.at(middle) < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class Pyramid {
  readonly #base = createLevel();
  readonly #levels = [this.#base, ...Array.from({ length: DEPTH - 1 }, createLevel)];

  /** Whether every sample is one point, so that an entry of level 0 is drawn as one. */
  #isRaw = true;

  /** Whether there is more to see than what arrived: buckets stand for points that could be asked for. */
  get isCoarse(): boolean {
    return !this.#isRaw;
  }

  /** How many samples arrived. */
  get length(): number {
    return this.#base.x.length;
  }

  get first(): Sample | null {
    return this.#sample(0);
  }

  get last(): Sample | null {
    return this.#sample(this.length - 1);
  }

  /** Appends one value. Points arrive in order; one that lies before the last is dropped. */
  push(x: number, value: number): void {
    this.pushBucket({ x, min: value, max: value, last: value });
  }

  pushBucket(sample: Sample): void {
    const index = this.length;
    if (sample.max > sample.min) this.#isRaw = false;
    if (index > 0 && sample.x < this.#base.x.at(index - 1)) return;
    let position = index;
    for (const level of this.#levels) {
      merge(level, position, sample);
      position = Math.floor(position / FAN);
    }
  }

  /**
   * What covers [from, to] in at most `mostPoints` drawn points: two for an entry, its smallest and its largest value,
   * and one for a point. One entry beyond each end is included, so that lines reach the edge.
   */
  read(from: number, to: number, mostPoints: number): Stretch {
    let chosen: Level = this.#base;
    let [start, end] = [0, 0];
    for (const level of this.#levels) {
      chosen = level;
      [start, end] = bounds(level, from, to);
      const pointsEach = level === this.#base && this.#isRaw ? 1 : 2;
      if ((end - start) * pointsEach <= mostPoints) break;
    }
    return {
      x: chosen.x.values.subarray(start, end),
      min: chosen.min.values.subarray(start, end),
      max: chosen.max.values.subarray(start, end),
      last: chosen.last.values.subarray(start, end),
    };
  }

  /** The sample at or before x. */
  before(x: number): Sample | null {
    const index = lowerBound(this.#base.x, x);
    return this.#base.x.at(index) === x ? this.#sample(index) : this.#sample(index - 1);
  }

  /** Every sample, oldest first. */
  *samples(): Generator<Sample> {
    for (let index = 0; index < this.length; index += 1) {
      const sample = this.#sample(index);
      if (sample) yield sample;
    }
  }

  #sample(index: number): Sample | null {
    if (index < 0 || index >= this.length) return null;
    const { x, min, max, last } = this.#base;
    return { x: x.at(index), min: min.at(index), max: max.at(index), last: last.at(index) };
  }
}

function bounds(level: Level, from: number, to: number): [number, number] {
  const start = Math.max(0, lowerBound(level.x, from) - 1);
  const end = Math.min(level.x.length, lowerBound(level.x, to) + 1);
  return [start, end];
}

/** NaN loses against any number, so a bucket shows the numbers it has. */
function smaller(a: number, b: number): number {
  return Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b);
}

function larger(a: number, b: number): number {
  return Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b);
}

function merge(level: Level, position: number, sample: Sample): void {
  if (position === level.x.length) {
    level.x.push(sample.x);
    level.min.push(sample.min);
    level.max.push(sample.max);
    level.last.push(sample.last);
    return;
  }
  level.min.set(position, smaller(level.min.at(position), sample.min));
  level.max.set(position, larger(level.max.at(position), sample.max));
  level.last.set(position, sample.last);
}
