import { describe, expect, it } from "vitest";
import { progressOf } from "./progress";

const fetched = { step: 100, epoch: 1, epochs: 4, steps_per_epoch: 100, samples_per_second: null };
const nothing = { step: null, epoch: null, epochs: null, stepsPerEpoch: null, samplesPerSecond: null };

describe("progressOf", () => {
  it("takes the newer of what was fetched and what was streamed", () => {
    expect(progressOf(fetched, { ...nothing, step: 150, epoch: 2 })).toMatchObject({
      step: 150,
      epoch: 2,
      share: 0.375,
    });
    expect(progressOf(fetched, { ...nothing, step: 50, epoch: 1 })).toMatchObject({ step: 100 });
  });

  it("does not guess a length that nobody has said", () => {
    const unknown = { ...fetched, steps_per_epoch: null };
    expect(progressOf(unknown, nothing)).toMatchObject({ steps: null, share: null });
    expect(progressOf(unknown, { ...nothing, stepsPerEpoch: 200 }).share).toBe(0.125);
  });

  it("never passes the end", () => {
    expect(progressOf({ ...fetched, step: 500 }, nothing).share).toBe(1);
  });
});
