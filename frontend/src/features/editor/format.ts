/** Numbers and shapes as short text. */

import type { Json } from "@/graph/json";

/** Entries of a list that are shown; a vocabulary has thousands. */
const MOST_PARTS = 6;

export type Shape = readonly (number | null)[];

/** A sample's shape, without the batch axis: `26 × 26 × 32`; an axis of any size is `?`. A scalar is `1`. */
export function formatShape(shape: Shape | null | undefined): string | null {
  if (!shape) return null;
  const axes = shape.slice(1).map((axis) => (axis === null ? "?" : String(axis)));
  return axes.length === 0 ? "1" : axes.join(" × ");
}

/** `1,250`, `34.6 k`, `1.20 M`: three significant digits from ten thousand on. */
export function formatCount(count: number, language: string): string {
  if (count < 10_000) return new Intl.NumberFormat(language).format(count);
  const units = [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const;
  for (const [size, unit] of units) {
    if (count >= size) return `${Number((count / size).toPrecision(3))} ${unit}`;
  }
  return String(count);
}

/** A size in a node: `3 × 3`. */
export function formatSize(value: Json | undefined): string {
  return Array.isArray(value) ? value.map(formatValue).join(" × ") : formatValue(value);
}

/** A parameter's value in a node or a list: `[0, 255]`, `1, 1 | 2, 3`, `relu`, `0.001`. */
export function formatValue(value: Json | undefined): string {
  if (value === undefined || value === null) return "–";
  if (Array.isArray(value)) {
    if (value.some(Array.isArray)) {
      return value.map((part) => (Array.isArray(part) ? part.join(", ") : formatValue(part))).join(" | ");
    }
    const parts = value.slice(0, MOST_PARTS).map(formatValue);
    return `[${(parts.length < value.length ? [...parts, "…"] : parts).join(", ")}]`;
  }
  if (typeof value === "object") {
    const { type, class_name: className } = value as { type?: Json; class_name?: Json };
    const name = type ?? className;
    return typeof name === "string" ? name : "{…}";
  }
  return String(value);
}
