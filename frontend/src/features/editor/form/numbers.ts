import type { Json } from "@/graph/json";
/** Numbers as people type them. */

/** Why text is no number that the field can hold. Integers beyond 2^53 would be stored as others than typed. */
export type Unusable = "notNumber" | "notWhole" | "tooLarge";

export type Parsed =
  | { readonly kind: "empty" }
  | { readonly kind: "invalid"; readonly reason: Unusable }
  | { readonly kind: "number"; readonly value: number };

/** Signs that a Chinese keyboard, or a page copied from, has for those of numbers. */
const SIGNS: Readonly<Record<string, string>> = { "。": ".", "、": ",", "−": "-" };

/** Text as an English keyboard gives it: full-width digits and signs become the plain ones. */
function plain(text: string): string {
  return text.normalize("NFKC").replace(/[。、−]/g, (sign) => SIGNS[sign] ?? sign);
}

/** Read a typed number: `1e-3`, `0,5`, `1_000` and `１２．５` are understood. */
export function parseNumber(text: string, whole: boolean): Parsed {
  const digits = plain(text).trim().replaceAll("_", "").replace(",", ".");
  if (digits === "") return { kind: "empty" };
  const value = Number(digits);
  if (!Number.isFinite(value)) return { kind: "invalid", reason: "notNumber" };
  if (whole && !Number.isInteger(value)) return { kind: "invalid", reason: "notWhole" };
  if (whole && !Number.isSafeInteger(value)) return { kind: "invalid", reason: "tooLarge" };
  return { kind: "number", value };
}

/** A number as it is typed: no digits that rounding made, small ones with an exponent. */
export function showNumber(value: number): string {
  return String(Number(value.toPrecision(12)));
}

/**
 * The next number up or down, in steps that suit its size: a whole number by one, `0.001` by its last leading digit.
 */
export function stepNumber(value: number, direction: 1 | -1, whole: boolean): number {
  if (whole) return value + direction;
  if (value === 0) return direction * 0.1;
  const magnitude = 10 ** Math.floor(Math.log10(Math.abs(value)));
  // Going down from 0.001 leads to 0.0009 and not to 0.
  const isEdge = Math.abs(value) === magnitude && Math.sign(value) !== direction;
  const step = isEdge ? magnitude / 10 : magnitude;
  return Number((value + direction * step).toPrecision(12));
}

/** Read a shape: `28, 28, 1`, `28×28×1`; `?` stands for an axis of any size. Null when it is none. */
export function parseShape(text: string): (number | null)[] | null {
  const parts = plain(text)
    .replace(/^[\s([]+|[\s)\]]+$/g, "")
    .split(/[\s,;×x*]+/)
    .filter(Boolean);
  const axes = parts.map((part) => (/^(\?|none|null)$/i.test(part) ? null : Number(part)));
  return axes.every((axis) => axis === null || Number.isSafeInteger(axis)) ? axes : null;
}

export function showShape(axes: readonly (number | null)[]): string {
  return axes.map((axis) => (axis === null ? "?" : String(axis))).join(", ");
}

/** A value that is one thing or several as text: `0.2`, `0, 255`, `red, green`. */
export function showList(value: Json | undefined): string {
  if (Array.isArray(value)) return value.length === 1 ? `${String(value[0])},` : value.map(String).join(", ");
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** What such a text stands for: a comma makes a list, and numbers are numbers. */
export function readList(text: string): Json {
  const numbers = readItems(plain(text));
  return [numbers].flat().every((item) => typeof item === "number") ? numbers : readItems(text);
}

function readItems(text: string): Json {
  const parts = text.replace(/^\s*[[(]|[\])]\s*$/g, "").split(",");
  const items = parts.map((part) => part.trim()).filter((part) => part !== "");
  const values = items.every((item) => Number.isFinite(Number(item))) ? items.map(Number) : items;
  return parts.length > 1 || /^\s*[[(]/.test(text) ? values : (values[0] ?? text);
}
