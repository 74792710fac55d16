import { describe, expect, it } from "vitest";
import { createI18n } from "@/test/render";
import { formatAgo, formatBytes, formatCount, formatDuration, formatMetric, formatShare } from "./format";

const en = createI18n("en").getFixedT("en", "ui");
const zh = createI18n("zh-CN").getFixedT("zh-CN", "ui");

describe("formatMetric", () => {
  it.each([
    [0, "0.0000"],
    [0.03127, "0.0313"],
    [-1.5, "−1.500"],
    [3.7128, "3.713"],
    [12.3456, "12.35"],
    [4321.987, "4322.0"],
    [0.00002345, "2.35e−5"],
    [-0.00002345, "−2.35e−5"],
    [1234567, "1.23e+6"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "∞"],
    [Number.NEGATIVE_INFINITY, "−∞"],
  ])("writes %d as %s", (value, text) => {
    expect(formatMetric(value)).toBe(text);
  });
});

describe("formatBytes", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1 kB"],
    [11_594_722, "11.6 MB"],
    [999_600, "1 MB"],
    [123_456_789, "123 MB"],
    [2.5e12, "2.5 TB"],
    [9e15, "9,000 TB"],
    [-5, "0 B"],
  ])("writes %d as %s", (bytes, text) => {
    expect(formatBytes(bytes, "en")).toBe(text);
  });
});

describe("formatDuration", () => {
  it.each([
    [0, "0 s", "0 秒"],
    [59.4, "59 s", "59 秒"],
    [59.6, "1 min 0 s", "1 分 0 秒"],
    [3725, "1 h 2 min", "1 小时 2 分"],
    [200_000, "2 d 7 h", "2 天 7 小时"],
    [-3, "0 s", "0 秒"],
  ])("says %d seconds in both languages", (seconds, english, chinese) => {
    expect(formatDuration(seconds, en)).toBe(english);
    expect(formatDuration(seconds, zh)).toBe(chinese);
  });
});

describe("formatAgo", () => {
  const now = Date.parse("2026-03-10T12:00:00Z");

  it.each([
    ["2026-03-10T11:59:40Z", "just now", "刚刚"],
    ["2026-03-10T11:57:00Z", "3 minutes ago", "3 分钟前"],
    ["2026-03-10T07:00:00Z", "5 hours ago", "5 小时前"],
    ["2026-03-09T12:00:00Z", "yesterday", "昨天"],
    ["2026-02-01T12:00:00Z", "Feb 1, 2026", "2026年2月1日"],
  ])("says when %s was", (time, english, chinese) => {
    expect(formatAgo(time, now, "en", en)).toBe(english);
    expect(formatAgo(time, now, "zh-CN", zh)).toBe(chinese);
  });
});

it("counts and shares follow the language", () => {
  expect(formatCount(60_000, "en")).toBe("60,000");
  expect(formatShare(0.98473, "en")).toBe("98.47%");
});
