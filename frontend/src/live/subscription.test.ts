import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Subscriber, Subscription } from "./subscription";
import type { RunEvent, SeriesColumns, ServerFrame } from "./wire";

function event(seq: number): RunEvent {
  return { seq, attempt: 1, kind: "metrics", step: seq, epoch: 1, t_ms: seq, body: {} };
}

function recorder() {
  const seen: number[] = [];
  const snapshots: (readonly SeriesColumns[])[] = [];
  const refused: string[] = [];
  const subscriber: Subscriber = {
    onSnapshot: (series) => snapshots.push(series),
    onEvents: (events) => seen.push(...events.map(({ seq }) => seq)),
    onSummary: () => undefined,
    onRefused: (code) => refused.push(code),
  };
  return { seen, snapshots, refused, subscription: new Subscription("run:r", subscriber) };
}

const snapshot = (at: number, log = "L"): ServerFrame => ({
  type: "snapshot",
  id: "s",
  log,
  at,
  isLast: true,
  series: [],
});

function delta(from: number, to: number, log = "L"): ServerFrame {
  const events = Array.from({ length: to - from }, (_, index) => event(from + index + 1));
  return { type: "delta", id: "s", log, from, to, events };
}

describe("Subscription", () => {
  it("applies frames that begin where the last one ended", () => {
    const { seen, subscription } = recorder();
    subscription.accept(snapshot(2));
    expect(subscription.accept(delta(2, 4))).toBe("done");
    expect(subscription.accept(delta(4, 5))).toBe("done");
    expect(seen).toEqual([3, 4, 5]);
    expect(subscription.position).toEqual({ log: "L", seq: 5 });
  });

  it("ignores a frame that it has had", () => {
    const { seen, subscription } = recorder();
    subscription.accept(snapshot(0));
    subscription.accept(delta(0, 3));
    expect(subscription.accept(delta(0, 3))).toBe("done");
    expect(seen).toEqual([1, 2, 3]);
  });

  it.each([
    ["a gap", delta(3, 4)],
    ["an overlap", delta(0, 2)],
    ["another log", delta(1, 2, "other")],
  ])("subscribes again after %s", (_name, frame) => {
    const { seen, subscription } = recorder();
    subscription.accept(snapshot(1));
    expect(subscription.accept(frame)).toBe("resubscribe");
    expect(seen).toEqual([]);
  });

  it("subscribes again when a frame comes before any snapshot", () => {
    expect(recorder().subscription.accept(delta(0, 1))).toBe("resubscribe");
  });

  it("hands over a snapshot only when its last part is there", () => {
    const { snapshots, subscription } = recorder();
    const part = (key: string) => ({ key, x: [], min: [], max: [], last: [] });
    subscription.accept({ type: "snapshot", id: "s", log: "L", at: 7, isLast: false, series: [part("a")] });
    expect(snapshots).toEqual([]);
    subscription.accept({ type: "snapshot", id: "s", log: "L", at: 7, isLast: true, series: [part("b")] });
    expect(snapshots[0]?.map(({ key }) => key)).toEqual(["a", "b"]);
    expect(subscription.position).toEqual({ log: "L", seq: 7 });
  });

  it("resumes where it stood when the server still has the log", () => {
    const { seen, subscription } = recorder();
    subscription.accept(snapshot(4));
    subscription.accept({ type: "sub_ok", id: "t", log: "L", head: 6, mode: "resume", run: null });
    subscription.accept(delta(4, 6));
    expect(seen).toEqual([5, 6]);
  });

  it("starts over after a reset", () => {
    const { subscription } = recorder();
    subscription.accept(snapshot(4));
    subscription.accept({ type: "reset", id: "s", reason: "retention" });
    expect(subscription.position).toBeNull();
    subscription.accept(snapshot(9, "M"));
    expect(subscription.position).toEqual({ log: "M", seq: 9 });
  });

  it("learns from a heartbeat that a last frame was lost", () => {
    const { subscription } = recorder();
    subscription.accept(snapshot(4));
    expect(subscription.isBehind(4)).toBe(false);
    expect(subscription.isBehind(5)).toBe(true);
  });

  it("tells of a refusal that is final, and tries again after one that is not", () => {
    const { refused, subscription } = recorder();
    const error = { type: "error", id: "s", code: "not_found", message: "" } as const;
    expect(subscription.accept({ ...error, retry: true })).toBe("resubscribe");
    expect(refused).toEqual([]);
    expect(subscription.accept({ ...error, retry: false })).toBe("done");
    expect(refused).toEqual(["not_found"]);
  });

  it("applies every event exactly once and in order, whatever the network drops or repeats", () => {
    const step = fc.record({
      size: fc.integer({ min: 1, max: 5 }),
      fate: fc.constantFrom("once", "twice", "lost"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { seen, subscription } = recorder();
        subscription.accept(snapshot(0));
        let head = 0;
        for (const { size, fate } of steps) {
          const frame = delta(head, head + size);
          head += size;
          for (let copy = fate === "lost" ? 0 : fate === "twice" ? 2 : 1; copy > 0; copy -= 1) {
            // A gap is mended as the connection does it: the server sends everything since the last position.
            if (subscription.accept(frame) === "resubscribe") {
              subscription.accept(delta(subscription.position?.seq ?? 0, head));
            }
          }
        }
        const at = subscription.position?.seq ?? 0;
        expect(seen).toEqual(Array.from({ length: at }, (_, index) => index + 1));
      }),
    );
  });
});
