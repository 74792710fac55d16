/** How much of the vertical axis a chart shows. */
import type { Table } from "@/series/lines";

/** The share of batch values that may lie outside when outliers are left out, on each side. */
const TAIL = 0.02;
const ROOM = 0.06;

type Column = Table[number];

function finite(column: Column | undefined): number[] {
  return (column ?? []).filter((y): y is number => y !== null);
}

/** The values without their outermost ones. */
function trimmed(values: number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const cut = Math.floor(sorted.length * TAIL);
  return sorted.slice(cut, sorted.length - cut);
}

/**
 * From the lowest to the highest value of a chart's columns (after x), with some room.
 *
 * @param withoutOutliers - Lets single batches leave the picture, so that the rest is seen; epochs never do.
 */
export function yRange(table: Table, isLog: boolean, withoutOutliers: boolean): [number, number] {
  const [, batch, ...rest] = table;
  const values = [
    ...(withoutOutliers ? trimmed(finite(batch)) : finite(batch)),
    ...rest.flatMap((column) => finite(column)),
  ];
  if (values.length === 0) return isLog ? [0.1, 1] : [0, 1];
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  if (isLog) return [low * 0.85, high * 1.15];
  const room = (high - low || Math.abs(high) || 1) * ROOM;
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}
