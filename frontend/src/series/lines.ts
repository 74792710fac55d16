/**
 * Curves into what a canvas draws: one rising x column, a y column per line.
 *
 * Lines have points at different x (each batch, each epoch), so the columns are merged and a line is `null` where it
 * has none.
 */
import type { Stretch } from "./pyramid";

/** One drawn line. */
export interface Line {
  x: number[];
  y: number[];
}

/**
 * A stretch as one line that touches the smallest and the largest value of every entry, in the order that keeps it
 * near the value it ends with.
 */
export function zigzag(stretch: Stretch): Line {
  const line: Line = { x: [], y: [] };
  const { length } = stretch.x;
  for (let index = 0; index < length; index += 1) {
    const [x, min, max, last] = entry(stretch, index);
    if (min === max || Number.isNaN(min)) {
      line.x.push(x);
      line.y.push(last);
      continue;
    }
    const next = index + 1 < length ? (stretch.x[index + 1] ?? x) : x;
    const endsHigh = last - min > max - last;
    line.x.push(x, x + (next - x) / 2);
    line.y.push(endsHigh ? min : max, endsHigh ? max : min);
  }
  return line;
}

/** A stretch as the line of its last values. */
export function ends(stretch: Stretch): Line {
  return { x: [...stretch.x], y: [...stretch.last] };
}

function entry(stretch: Stretch, index: number): [number, number, number, number] {
  const { x, min, max, last } = stretch;
  return [x[index] ?? 0, min[index] ?? 0, max[index] ?? 0, last[index] ?? 0];
}

/** Scales x in place of a copy per redraw: steps become epochs, milliseconds become seconds since the start. */
export function mapX(line: Line, map: (x: number) => number): Line {
  return { x: line.x.map(map), y: line.y };
}

/** What uPlot takes: x first. */
export type Table = [number[], ...(number | null)[][]];

/** Merges lines on one x column. A value that cannot be drawn (not finite; not above zero on a log scale) is a gap. */
export function alignLines(lines: readonly Line[], isDrawable: (y: number) => boolean): Table {
  const xs = mergeX(lines);
  const columns = lines.map((line) => {
    const column = new Array<number | null>(xs.length).fill(null);
    let row = 0;
    line.x.forEach((x, index) => {
      while ((xs[row] ?? Number.POSITIVE_INFINITY) < x) row += 1;
      const y = line.y[index] ?? Number.NaN;
      if (isDrawable(y)) column[row] = y;
    });
    return column;
  });
  return [xs, ...columns];
}

function mergeX(lines: readonly Line[]): number[] {
  if (lines.length === 1 && lines[0]) return [...new Set(lines[0].x)];
  const all = lines.flatMap((line) => line.x);
  all.sort((a, b) => a - b);
  return all.filter((x, index) => index === 0 || x !== all[index - 1]);
}
