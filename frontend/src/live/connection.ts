/**
 * The tab's one websocket to the studio.
 *
 * It opens with the first subscription, answers heartbeats, and comes back by itself: with growing random pauses,
 * not while the tab is hidden, at once when the tab is seen or the network returns. Which frames count is decided by
 * `Subscription`; this file only owns the socket and its clock.
 */
import { reconnectDelay } from "./backoff";
import { type Subscriber, Subscription } from "./subscription";
import { type Beat, type ClientFrame, decodeFrame, type ServerFrame, type View } from "./wire";

export type Phase = "idle" | "connecting" | "open" | "lost" | "signedOut" | "refused";

/** What the browser gives; tests give their own. */
export interface Surroundings {
  connect(): WebSocket;
  /** After a handshake that failed: the browser does not say why, a plain request does. */
  isSignedOut(): Promise<boolean>;
  isHidden(): boolean;
  random(): number;
}

export interface SubscriptionHandle {
  setView(view: View): void;
  close(): void;
}

interface Entry {
  subscription: Subscription;
  view: View | undefined;
  /** Its id on the wire; a new one with each `sub`, so that late frames of the old one are known as such. */
  id: string;
}

const FRAMES_PER_S = 10;
/** Beats that may be missed before the connection counts as dead. */
const MISSED_BEATS = 2.5;
/** Gaps in a row before the connection itself is given up. */
const MOST_GAPS = 5;
const FINAL_CODES = new Set([4500, 4503, 4509]);
const SIGNED_OUT = 4501;

export class LiveConnection {
  #surroundings: Surroundings;
  #entries = new Map<string, Entry>();
  #listeners = new Set<() => void>();
  #phase: Phase = "idle";
  #socket: WebSocket | null = null;
  #welcomed = false;
  #attempt = 0;
  #gaps = 0;
  #lastId = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #heartbeatMs = 15_000;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Calls back on every change of `phase`; returns how to end that. */
  listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  subscribe(channel: string, subscriber: Subscriber, view?: View): SubscriptionHandle {
    const entry: Entry = { subscription: new Subscription(channel, subscriber), view, id: "" };
    this.#enter(entry);
    if (this.#phase === "idle") this.#open();
    return {
      setView: (next) => this.#setView(entry, next),
      close: () => this.#leave(entry),
    };
  }

  /** The tab is seen, the network is back, or the reader asks: try now instead of waiting. */
  wake = (): void => {
    if (this.#socket || this.#entries.size === 0 || this.#phase === "refused") return;
    this.#attempt = 0;
    this.#open();
  };

  #enter(entry: Entry): void {
    this.#lastId += 1;
    this.#entries.delete(entry.id);
    entry.id = `s${this.#lastId}`;
    this.#entries.set(entry.id, entry);
    if (!this.#welcomed) return;
    const { channel, position } = entry.subscription;
    const frame: ClientFrame = { type: "sub", id: entry.id, channel, since: position };
    this.#send(entry.view ? { ...frame, view: entry.view } : frame);
  }

  #leave(entry: Entry): void {
    if (!this.#entries.delete(entry.id)) return;
    if (this.#welcomed) this.#send({ type: "unsub", id: entry.id });
  }

  #setView(entry: Entry, view: View): void {
    if (!this.#entries.has(entry.id)) return;
    entry.view = view;
    const { id } = entry;
    entry.subscription.forget();
    if (this.#welcomed) this.#send({ type: "unsub", id });
    this.#enter(entry);
  }

  #open(): void {
    clearTimeout(this.#retry);
    this.#setPhase(this.#phase === "idle" ? "connecting" : this.#phase);
    const socket = this.#surroundings.connect();
    this.#socket = socket;
    socket.onopen = () => this.#send({ type: "hello", v: 1, client: "page", max_hz: FRAMES_PER_S });
    socket.onmessage = (message: MessageEvent<unknown>) => this.#receive(message.data);
    socket.onclose = (event) => void this.#lost(socket, event.code);
    this.#watch();
  }

  #receive(data: unknown): void {
    this.#watch();
    const frame = decodeFrame(data);
    if (frame?.type === "welcome") this.#welcome(frame.heartbeatMs);
    else if (frame && "heads" in frame) this.#beat(frame);
    else if (frame) this.#deliver(frame);
  }

  #deliver(frame: Exclude<ServerFrame, Beat | { type: "welcome" }>): void {
    const entry = this.#entries.get(frame.id ?? "");
    if (!entry) return;
    if (entry.subscription.accept(frame) === "resubscribe") this.#mend(entry);
    else if (frame.type === "delta" || frame.type === "snapshot") this.#gaps = 0;
  }

  #welcome(heartbeatMs: number): void {
    this.#heartbeatMs = heartbeatMs;
    this.#watch();
    this.#welcomed = true;
    this.#attempt = 0;
    this.#setPhase("open");
    for (const entry of [...this.#entries.values()]) this.#enter(entry);
  }

  #beat(frame: Beat): void {
    if (frame.type === "ping") this.#send({ type: "pong", t: frame.t });
    for (const [id, head] of Object.entries(frame.heads)) {
      const entry = this.#entries.get(id);
      if (entry?.subscription.isBehind(head)) this.#mend(entry);
    }
  }

  #mend(entry: Entry): void {
    this.#gaps += 1;
    if (this.#gaps > MOST_GAPS) this.#socket?.close();
    else this.#enter(entry);
  }

  async #lost(socket: WebSocket, code: number): Promise<void> {
    if (this.#socket !== socket) return;
    const hadBeenWelcomed = this.#welcomed;
    this.#socket = null;
    this.#welcomed = false;
    this.#gaps = 0;
    clearTimeout(this.#watchdog);
    if (code === SIGNED_OUT) return this.#setPhase("signedOut");
    if (FINAL_CODES.has(code)) return this.#setPhase("refused");
    if (this.#entries.size === 0) return this.#setPhase("idle");
    if (!hadBeenWelcomed && (await this.#surroundings.isSignedOut())) return this.#setPhase("signedOut");
    this.#setPhase("lost");
    this.#scheduleRetry();
  }

  #scheduleRetry(): void {
    if (this.#socket || this.#surroundings.isHidden()) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(
      () => {
        if (!this.#surroundings.isHidden()) this.#open();
      },
      reconnectDelay(this.#attempt, this.#surroundings.random()),
    );
    this.#attempt += 1;
  }

  /** A connection that says nothing for longer than its heartbeat allows is dead, whatever the browser believes. */
  #watch(): void {
    clearTimeout(this.#watchdog);
    const socket = this.#socket;
    this.#watchdog = setTimeout(() => {
      if (!socket || this.#socket !== socket) return;
      socket.onclose = null;
      socket.close();
      void this.#lost(socket, 1006);
    }, this.#heartbeatMs * MISSED_BEATS);
  }

  #send(frame: ClientFrame): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #setPhase(phase: Phase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    for (const listener of this.#listeners) listener();
  }
}
