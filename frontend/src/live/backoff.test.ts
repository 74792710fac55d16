import { describe, expect, it } from "vitest";
import { reconnectDelay } from "./backoff";

describe("reconnectDelay", () => {
  it("doubles its ceiling from half a second to thirty", () => {
    expect([0, 1, 2, 3].map((attempt) => reconnectDelay(attempt, 1))).toEqual([500, 1000, 2000, 4000]);
    expect(reconnectDelay(10, 1)).toBe(30_000);
    expect(reconnectDelay(100_000, 1)).toBe(30_000);
  });

  it("is spread over the whole range below the ceiling", () => {
    expect(reconnectDelay(3, 0)).toBe(0);
    expect(reconnectDelay(3, 0.5)).toBe(2000);
  });
});
