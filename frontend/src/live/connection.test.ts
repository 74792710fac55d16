import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveConnection } from "./connection";
import type { Subscriber } from "./subscription";

/** A socket that the test plays the server of. */
class FakeSocket {
  readyState: number = WebSocket.CONNECTING;
  readonly sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(code = 1000): void {
    this.readyState = WebSocket.CLOSED;
    this.onclose?.({ code });
  }

  accept(): void {
    this.readyState = WebSocket.OPEN;
    this.onopen?.();
    this.say({ type: "welcome", v: 1, boot: "b", heartbeat_ms: 1000, now_ms: 0 });
  }

  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  get subs() {
    return this.sent.filter((frame) => frame.type === "sub");
  }
}

const quiet: Subscriber = {
  onSnapshot: () => undefined,
  onEvents: () => undefined,
  onSummary: () => undefined,
};

function setUp() {
  const sockets: FakeSocket[] = [];
  const browser = { isHidden: false, isSignedOut: false };
  const connection = new LiveConnection({
    connect() {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    isSignedOut: async () => browser.isSignedOut,
    isHidden: () => browser.isHidden,
    random: () => 1,
  });
  const newest = () => sockets.at(-1) as FakeSocket;
  return { sockets, browser, connection, newest };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("LiveConnection", () => {
  it("opens one socket for all subscriptions and greets first", () => {
    const { sockets, connection, newest } = setUp();
    connection.subscribe("runs", quiet);
    connection.subscribe("run:r", quiet);
    newest().accept();
    expect(sockets).toHaveLength(1);
    expect(newest().sent[0]).toMatchObject({ type: "hello", v: 1 });
    expect(newest().subs.map(({ channel, since }) => [channel, since])).toEqual([
      ["runs", null],
      ["run:r", null],
    ]);
    expect(connection.phase).toBe("open");
  });

  it("resumes from its position after the connection was lost", async () => {
    const { sockets, connection, newest } = setUp();
    connection.subscribe("run:r", quiet);
    newest().accept();
    const id = newest().subs[0]?.id;
    newest().say({ type: "snapshot", id, log: "L", at: 5, part: 0, last: true, series: [] });
    newest().close(1006);
    expect(connection.phase).toBe("lost");
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets).toHaveLength(2);
    newest().accept();
    expect(newest().subs).toMatchObject([{ channel: "run:r", since: { log: "L", seq: 5 } }]);
  });

  it("ignores frames of a subscription that it has given up", () => {
    const { connection, newest } = setUp();
    const onEvents = vi.fn();
    connection.subscribe("run:r", { ...quiet, onEvents });
    newest().accept();
    const first = newest().subs[0]?.id;
    newest().say({ type: "snapshot", id: first, log: "L", at: 0, last: true, series: [] });
    newest().say({ type: "delta", id: first, log: "L", from: 3, to: 4, events: [] });
    expect(newest().subs).toHaveLength(2);
    newest().say({ type: "delta", id: first, log: "L", from: 0, to: 1, events: [] });
    expect(onEvents).not.toHaveBeenCalled();
  });

  it("answers a heartbeat and mends what it shows to be missing", () => {
    const { connection, newest } = setUp();
    connection.subscribe("run:r", quiet);
    newest().accept();
    const id = newest().subs[0]?.id as string;
    newest().say({ type: "snapshot", id, log: "L", at: 5, last: true, series: [] });
    newest().say({ type: "ping", t: 42, heads: { [id]: 6 } });
    expect(newest().sent).toContainEqual({ type: "pong", t: 42 });
    expect(newest().subs.at(-1)).toMatchObject({ since: { log: "L", seq: 5 } });
  });

  it("gives up a silent connection", async () => {
    const { sockets, connection, newest } = setUp();
    connection.subscribe("runs", quiet);
    newest().accept();
    await vi.advanceTimersByTimeAsync(2600);
    expect(connection.phase).toBe("lost");
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets).toHaveLength(2);
  });

  it("waits longer each time the server is not there", async () => {
    const { sockets, connection, newest } = setUp();
    connection.subscribe("runs", quiet);
    newest().close(1006);
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets).toHaveLength(2);
    newest().close(1006);
    await vi.advanceTimersByTimeAsync(999);
    expect(sockets).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(sockets).toHaveLength(3);
  });

  it("rests while the tab is hidden and returns at once when it is seen", async () => {
    const { sockets, browser, connection, newest } = setUp();
    connection.subscribe("runs", quiet);
    newest().accept();
    browser.isHidden = true;
    newest().close(1006);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sockets).toHaveLength(1);
    browser.isHidden = false;
    connection.wake();
    expect(sockets).toHaveLength(2);
  });

  it.each([4500, 4503, 4509])("does not come back after the final code %i", async (code) => {
    const { sockets, connection, newest } = setUp();
    connection.subscribe("runs", quiet);
    newest().accept();
    newest().close(code);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sockets).toHaveLength(1);
    expect(connection.phase).toBe("refused");
  });

  it("says that the browser is not signed in when the handshake fails for that", async () => {
    const { sockets, browser, connection, newest } = setUp();
    browser.isSignedOut = true;
    connection.subscribe("runs", quiet);
    newest().close(1006);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connection.phase).toBe("signedOut");
    expect(sockets).toHaveLength(1);
  });

  it("asks for everything anew when the view changes", () => {
    const { connection, newest } = setUp();
    const handle = connection.subscribe("run:r", quiet, { x: "step", max_points: 100 });
    newest().accept();
    const id = newest().subs[0]?.id;
    newest().say({ type: "snapshot", id, log: "L", at: 5, last: true, series: [] });
    handle.setView({ x: "time", max_points: 100 });
    expect(newest().sent).toContainEqual({ type: "unsub", id });
    expect(newest().subs.at(-1)).toMatchObject({ since: null, view: { x: "time", max_points: 100 } });
  });

  it("ends a subscription that is closed", () => {
    const { connection, newest } = setUp();
    const handle = connection.subscribe("runs", quiet);
    newest().accept();
    handle.close();
    expect(newest().sent.at(-1)).toEqual({ type: "unsub", id: newest().subs[0]?.id });
  });
});
