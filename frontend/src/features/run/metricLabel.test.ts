import { describe, expect, it } from "vitest";
import { formatTickValue } from "./metricLabel";

describe("formatTickValue", () => {
  it.each([
    ["loss", 0, "0"],
    ["loss", 0.05, "0.05"],
    ["loss", 1200, "1200"],
    ["loss", 2e29, "2e29"],
    ["loss", 1.5e29, "1.5e29"],
    ["loss", 10e6, "1e7"],
    ["loss", -2.5e-8, "−2.5e−8"],
    ["accuracy", 0.985, "98.5%"],
  ])("writes a %s of %d as %s", (metric, value, text) => {
    expect(formatTickValue(metric, value)).toBe(text);
  });
});
