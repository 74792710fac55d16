/** The frames of `lamina.v1` as they come over the wire, checked at the border: a malformed frame is `null`. */

import type { components } from "@/api/schema";

type Schemas = components["schemas"];

/** Where in a run's log a viewer stands; `log` changes only when the log itself was rebuilt. */
export type Position = Schemas["Since"];

/** What a chart asks for: the x axis in which points are bucketed. */
export type View = Schemas["ViewWanted"];

export type ClientFrame =
  | Schemas["HelloFrame"]
  | Schemas["SubFrame"]
  | Schemas["UnsubFrame"]
  | Omit<Schemas["ClientPong"], "heads">;

export interface RunEvent {
  readonly seq: number;
  readonly attempt: number;
  readonly kind: string;
  /** Counts from 1 over the whole run; 0 before the first. */
  readonly step: number;
  readonly epoch: number;
  /** Unix time in milliseconds. */
  readonly t_ms: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Buckets of one series, as columns of equal length; numbers that JSON cannot say are read. */
export interface SeriesColumns {
  readonly key: string;
  readonly x: readonly number[];
  readonly last: readonly number[];
  readonly min: readonly number[];
  readonly max: readonly number[];
}

/** What happened to one series in a stretch that was sent as a whole. */
export interface SeriesSummary {
  readonly key: string;
  readonly n: number;
  readonly last: number;
  readonly min: number;
  readonly max: number;
  readonly x_last: number;
}

export interface RunHead {
  readonly state: string;
  readonly attempt: number;
  readonly step: number;
}

/** A heartbeat of either side; the server's names the head of each subscription. */
export interface Beat {
  readonly type: "ping" | "pong";
  readonly t: number;
  readonly heads: Readonly<Record<string, number>>;
}

export type ServerFrame =
  | { type: "welcome"; heartbeatMs: number }
  | {
      type: "sub_ok";
      id: string;
      log: string;
      head: number;
      mode: "resume" | "snapshot";
      run: RunHead | null;
    }
  | { type: "snapshot"; id: string; log: string; at: number; isLast: boolean; series: SeriesColumns[] }
  | { type: "delta"; id: string; log: string; from: number; to: number; events: RunEvent[] }
  | {
      type: "coalesced";
      id: string;
      log: string;
      from: number;
      to: number;
      series: SeriesSummary[];
      events: RunEvent[];
    }
  | { type: "reset"; id: string; reason: string }
  | Beat
  | { type: "error"; id: string | null; code: string; message: string; retry: boolean };

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A number; NaN and the infinities travel as strings. Anything else is undefined. */
export function wireNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  return undefined;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function whole(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) ? value : null;
}

function readEvent(value: unknown): RunEvent[] {
  if (!isFields(value)) return [];
  const seq = whole(value.seq);
  if (seq === null || typeof value.kind !== "string") return [];
  return [
    {
      seq,
      attempt: whole(value.attempt) ?? 1,
      kind: value.kind,
      step: whole(value.step) ?? 0,
      epoch: whole(value.epoch) ?? 0,
      t_ms: wireNumber(value.t_ms) ?? 0,
      body: isFields(value.body) ? value.body : {},
    },
  ];
}

/** Events of a frame or of the log over HTTP; what cannot be one is left out. */
export function readEvents(value: unknown): RunEvent[] {
  return Array.isArray(value) ? value.flatMap(readEvent) : [];
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.map((item) => wireNumber(item) ?? Number.NaN) : [];
}

function readColumns(value: unknown): SeriesColumns[] {
  if (!isFields(value) || typeof value.key !== "string") return [];
  const columns = {
    key: value.key,
    x: numbers(value.x),
    last: numbers(value.last),
    min: numbers(value.min),
    max: numbers(value.max),
  };
  const { x, last, min, max } = columns;
  const isEven = [last, min, max].every((column) => column.length === x.length);
  return isEven ? [columns] : [];
}

function readSummary(value: unknown): SeriesSummary[] {
  if (!isFields(value) || typeof value.key !== "string") return [];
  const [n, last, min, max, xLast] = [value.n, value.last, value.min, value.max, value.x_last].map(
    wireNumber,
  );
  if (n === undefined || last === undefined || min === undefined || max === undefined || xLast === undefined)
    return [];
  return [{ key: value.key, n, last, min, max, x_last: xLast }];
}

function readHead(value: unknown): RunHead | null {
  if (!isFields(value) || typeof value.state !== "string") return null;
  return { state: value.state, attempt: whole(value.attempt) ?? 0, step: whole(value.step) ?? 0 };
}

function readHeads(value: unknown): Record<string, number> {
  if (!isFields(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([id, head]) => (typeof head === "number" ? [[id, head]] : [])),
  );
}

function readRange(frame: Fields): { id: string; log: string; from: number; to: number } | null {
  const [from, to] = [whole(frame.from), whole(frame.to)];
  return from === null || to === null ? null : { id: text(frame.id), log: text(frame.log), from, to };
}

function readFrame(frame: Fields): ServerFrame | null {
  const id = text(frame.id);
  const log = text(frame.log);
  switch (frame.type) {
    case "welcome":
      return { type: "welcome", heartbeatMs: wireNumber(frame.heartbeat_ms) ?? 15_000 };
    case "sub_ok": {
      const mode = frame.mode === "resume" ? "resume" : "snapshot";
      return { type: "sub_ok", id, log, head: whole(frame.head) ?? 0, mode, run: readHead(frame.run) };
    }
    case "snapshot": {
      const at = whole(frame.at);
      if (at === null) return null;
      const series = Array.isArray(frame.series) ? frame.series.flatMap(readColumns) : [];
      return { type: "snapshot", id, log, at, isLast: frame.last !== false, series };
    }
    case "delta": {
      const range = readRange(frame);
      return range && { type: "delta", ...range, events: readEvents(frame.events) };
    }
    case "coalesced": {
      const range = readRange(frame);
      const series = Array.isArray(frame.series) ? frame.series.flatMap(readSummary) : [];
      return range && { type: "coalesced", ...range, series, events: readEvents(frame.events) };
    }
    case "reset":
      return { type: "reset", id, reason: text(frame.reason) };
    case "ping":
    case "pong":
      return { type: frame.type, t: wireNumber(frame.t) ?? 0, heads: readHeads(frame.heads) };
    case "error":
      return {
        type: "error",
        id: id || null,
        code: text(frame.code),
        message: text(frame.message),
        retry: frame.retry === true,
      };
    default:
      return null;
  }
}

/** A frame of the server, or null for one that this page does not understand. */
export function decodeFrame(data: unknown): ServerFrame | null {
  if (typeof data !== "string") return null;
  try {
    const frame: unknown = JSON.parse(data);
    return isFields(frame) ? readFrame(frame) : null;
  } catch {
    return null;
  }
}
