/**
 * A run as its stream tells of it: curves, log lines, marks, and what has changed since it was last fetched.
 *
 * Plain: no React and no socket. Curves live in a mutable store that charts read when `version` moves; everything
 * that React renders is in the immutable `state`.
 */
import { bilingual, type Text } from "@/api/text";
import { SeriesStore } from "@/series/seriesStore";
import type { Subscriber } from "./subscription";
import { type RunEvent, type SeriesColumns, type SeriesSummary, wireNumber } from "./wire";

export type XAxis = "step" | "time";

export interface LogLine {
  readonly seq: number;
  readonly t_ms: number;
  readonly level: string;
  readonly text: Text;
}

/** A moment worth a line in the chart. */
export interface Mark {
  readonly seq: number;
  readonly step: number;
  readonly t_ms: number;
  readonly kind: "alert" | "rewind" | "knob";
  readonly message: Text | null;
}

export interface Download {
  readonly dataset: string;
  readonly received: number;
  readonly total: number | null;
}

export interface LiveRunState {
  /** Moves with every frame that changed a curve. */
  readonly version: number;
  /** Curves are here, or known to be empty. */
  readonly isLoaded: boolean;
  /** The event that `state` is from; 0 before the first. */
  readonly stateSeq: number;
  readonly state: string | null;
  readonly reason: string | null;
  readonly message: Text | null;
  readonly step: number | null;
  readonly epoch: number | null;
  readonly epochs: number | null;
  readonly stepsPerEpoch: number | null;
  readonly samplesPerSecond: number | null;
  readonly download: Download | null;
  readonly log: readonly LogLine[];
  readonly marks: readonly Mark[];
  /** Files of the run that were announced: a reason to ask for the list again. */
  readonly artifacts: number;
}

const NO_TEXT: Text = { en: "", "zh-CN": "" };

const EMPTY: LiveRunState = {
  version: 0,
  isLoaded: false,
  stateSeq: 0,
  state: null,
  reason: null,
  message: null,
  step: null,
  epoch: null,
  epochs: null,
  stepsPerEpoch: null,
  samplesPerSecond: null,
  download: null,
  log: [],
  marks: [],
  artifacts: 0,
};

/** As many lines as anyone reads; the whole log is a file of the run. */
const MOST_LOG_LINES = 2000;

export class LiveRun implements Subscriber {
  readonly series = new SeriesStore();
  readonly x: XAxis;
  #state = EMPTY;
  #listeners = new Set<() => void>();
  /** Events other than metrics that were applied: history fetched over HTTP overlaps with the stream. */
  #seen = new Set<number>();

  readonly #fetchHistory: () => Promise<readonly RunEvent[]>;

  /** @param fetchHistory - The run's events other than metrics; asked for whenever the stream starts over. */
  constructor(x: XAxis, fetchHistory: () => Promise<readonly RunEvent[]>) {
    this.x = x;
    this.#fetchHistory = fetchHistory;
  }

  get state(): LiveRunState {
    return this.#state;
  }

  listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  onSnapshot(columns: readonly SeriesColumns[]): void {
    this.series.clear();
    for (const { key, x, min, max, last } of columns) {
      x.forEach((at, index) => {
        this.series.push(key, {
          x: at,
          min: min[index] ?? Number.NaN,
          max: max[index] ?? Number.NaN,
          last: last[index] ?? Number.NaN,
        });
      });
    }
    this.#set({ isLoaded: true, version: this.#state.version + 1 });
    // A server that is lost again meanwhile is the connection's concern: the next snapshot asks anew.
    this.#fetchHistory().then(
      (events) => this.addHistory(events),
      () => undefined,
    );
  }

  onSummary(series: readonly SeriesSummary[]): void {
    for (const { key, x_last, min, max, last } of series)
      this.series.push(key, { x: x_last, min, max, last });
    this.#set({ version: this.#state.version + 1 });
  }

  onEvents(events: readonly RunEvent[]): void {
    const next = events.reduce((state, event) => this.#apply(state, event), this.#state);
    const hasMetrics = events.some((event) => event.kind === "metrics");
    this.#set({ ...next, version: this.#state.version + (hasMetrics ? 1 : 0) });
  }

  /** The state when the subscription began; an event of the log is always newer. */
  onHead(head: { state: string }): void {
    if (this.#state.stateSeq === 0) this.#set({ state: head.state });
  }

  /** Log lines, states and marks of before this page was open; what overlaps with the stream counts once. */
  addHistory(events: readonly RunEvent[]): void {
    const applied = events
      .filter((event) => event.kind !== "metrics")
      .reduce((state, event) => this.#apply(state, event), this.#state);
    const bySeq = (a: { seq: number }, b: { seq: number }) => a.seq - b.seq;
    this.#set({ ...applied, log: applied.log.toSorted(bySeq), marks: applied.marks.toSorted(bySeq) });
  }

  #set(change: Partial<LiveRunState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }

  #apply(state: LiveRunState, event: RunEvent): LiveRunState {
    if (event.kind === "metrics") return this.#applyMetrics(state, event);
    if (this.#seen.has(event.seq)) return state;
    this.#seen.add(event.seq);
    return applyOther(state, event);
  }

  #applyMetrics(state: LiveRunState, event: RunEvent): LiveRunState {
    const x = this.x === "time" ? event.t_ms : event.step;
    for (const [key, value] of Object.entries(event.body)) {
      const y = wireNumber(value);
      if (y !== undefined && key.includes("/")) this.series.push(key, { x, min: y, max: y, last: y });
    }
    return {
      ...state,
      step: event.step,
      epoch: event.epoch,
      samplesPerSecond: wireNumber(event.body.samples_per_second) ?? state.samplesPerSecond,
    };
  }
}

function applyOther(state: LiveRunState, event: RunEvent): LiveRunState {
  const { body } = event;
  switch (event.kind) {
    case "state":
      return applyState(state, event);
    case "log": {
      const line = {
        seq: event.seq,
        t_ms: event.t_ms,
        level: text(body.level) ?? "info",
        text: bilingual(body.message) ?? bilingual(body.text) ?? NO_TEXT,
      };
      return { ...state, log: [...state.log, line].slice(-MOST_LOG_LINES) };
    }
    case "system":
      // A download belongs to the state in which it was told; history may bring it after the run has moved on.
      if (event.seq < state.stateSeq) return state;
      return { ...state, download: readDownload(body.download) ?? state.download };
    case "artifact":
      return { ...state, artifacts: state.artifacts + 1 };
    case "alert":
    case "rewind":
    case "knob":
      return { ...state, marks: [...state.marks, readMark(event, event.kind)] };
    default:
      // A kind of a newer server: nothing here shows it.
      return state;
  }
}

/** The newest state stands, in whatever order events come; the run's length is said once and stays. */
function applyState(state: LiveRunState, { seq, body }: RunEvent): LiveRunState {
  const length = {
    epochs: wireNumber(body.epochs) ?? state.epochs,
    stepsPerEpoch: wireNumber(body.steps_per_epoch) ?? state.stepsPerEpoch,
  };
  if (seq < state.stateSeq) return { ...state, ...length };
  return {
    ...state,
    ...length,
    stateSeq: seq,
    state: text(body.state) ?? state.state,
    reason: text(body.reason),
    message: bilingual(body.message),
    download: null,
  };
}

function readMark(event: RunEvent, kind: Mark["kind"]): Mark {
  return {
    seq: event.seq,
    step: event.step,
    t_ms: event.t_ms,
    kind,
    message: bilingual(event.body.message),
  };
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function readDownload(value: unknown): Download | null {
  if (typeof value !== "object" || value === null) return null;
  const { dataset, received, total } = value as Record<string, unknown>;
  return {
    dataset: text(dataset) ?? "",
    received: wireNumber(received) ?? 0,
    total: wireNumber(total) ?? null,
  };
}
