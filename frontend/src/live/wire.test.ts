import { describe, expect, it } from "vitest";
import { decodeFrame, readEvents, wireNumber } from "./wire";

const decode = (frame: unknown) => decodeFrame(JSON.stringify(frame));

describe("wireNumber", () => {
  it("reads what JSON cannot say", () => {
    expect(wireNumber("NaN")).toBeNaN();
    expect(wireNumber("Infinity")).toBe(Number.POSITIVE_INFINITY);
    expect(wireNumber("-Infinity")).toBe(Number.NEGATIVE_INFINITY);
    expect(wireNumber(0.25)).toBe(0.25);
  });

  it.each(["0.25", null, undefined, true, {}])("refuses %j", (value) => {
    expect(wireNumber(value)).toBeUndefined();
  });
});

describe("decodeFrame", () => {
  it("reads a delta", () => {
    const event = {
      seq: 2,
      attempt: 1,
      kind: "metrics",
      step: 1,
      epoch: 1,
      t_ms: 5,
      body: { "batch/loss": 1 },
    };
    expect(decode({ type: "delta", id: "s1", log: "L", from: 1, to: 2, events: [event] })).toEqual({
      type: "delta",
      id: "s1",
      log: "L",
      from: 1,
      to: 2,
      events: [event],
    });
  });

  it("reads the columns of a snapshot, NaN included", () => {
    const series = [
      {
        key: "batch/loss",
        bucket: 1,
        n: [1, 1],
        x: [1, 2],
        last: [3, "NaN"],
        min: [3, "NaN"],
        max: [3, "NaN"],
      },
    ];
    const frame = decode({ type: "snapshot", id: "s1", log: "L", at: 9, part: 0, last: true, series });
    expect(frame).toMatchObject({ type: "snapshot", at: 9, isLast: true });
    expect(frame?.type === "snapshot" && frame.series[0]?.last).toEqual([3, Number.NaN]);
  });

  it("leaves out a series whose columns differ in length", () => {
    const series = [{ key: "a", x: [1, 2], last: [1], min: [1], max: [1] }];
    expect(decode({ type: "snapshot", id: "s", log: "L", at: 1, last: true, series })).toMatchObject({
      series: [],
    });
  });

  it("keeps only the heads that are numbers", () => {
    expect(decode({ type: "ping", t: 1, heads: { a: 4, b: "x" } })).toEqual({
      type: "ping",
      t: 1,
      heads: { a: 4 },
    });
  });

  it.each([
    ["not JSON", "{"],
    ["an array", "[]"],
    ["an unknown type", '{"type":"tea"}'],
    ["a delta without a range", '{"type":"delta","id":"s1","log":"L","events":[]}'],
    ["binary", new ArrayBuffer(2)],
  ])("does not understand %s", (_name, data) => {
    expect(decodeFrame(data)).toBeNull();
  });
});

describe("readEvents", () => {
  it("leaves out what cannot be an event", () => {
    const good = { seq: 1, attempt: 1, kind: "log", step: 0, epoch: 0, t_ms: 0, body: {} };
    expect(readEvents([good, { kind: "log" }, 3, null])).toEqual([good]);
    expect(readEvents("none")).toEqual([]);
  });
});
