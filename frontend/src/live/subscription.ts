/**
 * The client's side of one subscription: which frames count.
 *
 * A frame is applied only if it is of the current subscription, of the same log, and begins where the last one
 * ended. An old frame is ignored. Anything else is a gap: subscribe again from where we are. So every event is
 * applied exactly once, in order, whatever the network does.
 */
import type { Position, RunEvent, RunHead, SeriesColumns, SeriesSummary, ServerFrame } from "./wire";

/** What a subscriber is told. */
export interface Subscriber {
  /** Everything before is void: the log's series as they stand at a position. */
  onSnapshot(series: readonly SeriesColumns[]): void;
  onEvents(events: readonly RunEvent[]): void;
  /** A stretch that was too long to send event by event. */
  onSummary(series: readonly SeriesSummary[]): void;
  onHead?(head: RunHead): void;
  /** The server refused for good. */
  onRefused?(code: string, message: string): void;
}

export type Verdict = "done" | "resubscribe";

export class Subscription {
  readonly channel: string;
  #subscriber: Subscriber;
  #position: Position | null = null;
  #awaited: Position | null = null;
  #parts: SeriesColumns[] = [];

  constructor(channel: string, subscriber: Subscriber) {
    this.channel = channel;
    this.#subscriber = subscriber;
  }

  /** Where to continue from; null asks for everything. */
  get position(): Position | null {
    return this.#position;
  }

  /** The view changed or the log was rebuilt: what was received no longer counts. */
  forget(): void {
    this.#position = null;
    this.#awaited = null;
    this.#parts = [];
  }

  accept(frame: ServerFrame): Verdict {
    switch (frame.type) {
      case "sub_ok":
        return this.#begin(frame);
      case "snapshot":
        return this.#snapshot(frame);
      case "delta":
      case "coalesced":
        return this.#advance(frame);
      case "reset":
        this.forget();
        return "done";
      case "error":
        if (frame.retry) return "resubscribe";
        this.#subscriber.onRefused?.(frame.code, frame.message);
        return "done";
      default:
        return "done";
    }
  }

  /** A heartbeat names the head: one that lies ahead of a quiet subscription means that a frame was lost. */
  isBehind(head: number): boolean {
    return this.#position !== null && head > this.#position.seq;
  }

  #begin(frame: Extract<ServerFrame, { type: "sub_ok" }>): Verdict {
    if (frame.run) this.#subscriber.onHead?.(frame.run);
    if (frame.mode === "resume") {
      if (this.#position?.log === frame.log) return "done";
      this.forget();
      return "resubscribe";
    }
    this.forget();
    this.#awaited = { log: frame.log, seq: frame.head };
    return "done";
  }

  #snapshot(frame: Extract<ServerFrame, { type: "snapshot" }>): Verdict {
    if (this.#awaited && this.#awaited.log !== frame.log) return "resubscribe";
    this.#parts.push(...frame.series);
    if (!frame.isLast) return "done";
    const series = this.#parts;
    this.#parts = [];
    this.#awaited = null;
    this.#position = { log: frame.log, seq: frame.at };
    this.#subscriber.onSnapshot(series);
    return "done";
  }

  #advance(frame: Extract<ServerFrame, { type: "delta" | "coalesced" }>): Verdict {
    const position = this.#position;
    if (!position || position.log !== frame.log) return "resubscribe";
    if (frame.to <= position.seq) return "done";
    if (frame.from !== position.seq) return "resubscribe";
    this.#position = { log: frame.log, seq: frame.to };
    if (frame.type === "coalesced") this.#subscriber.onSummary(frame.series);
    this.#subscriber.onEvents(frame.events);
    return "done";
  }
}
