/** Numbers, sizes and times for readers. Plain functions of a value and a language. */
import type { TFunction } from "i18next";

const numberFormats = new Map<string, Intl.NumberFormat>();

function numberFormat(language: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${language} ${JSON.stringify(options)}`;
  let format = numberFormats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(language, options);
    numberFormats.set(key, format);
  }
  return format;
}

/** "60,000". */
export function formatCount(value: number, language: string): string {
  return numberFormat(language, { maximumFractionDigits: 0 }).format(value);
}

/** A loss or metric: four significant digits, an exponent where zeros would fill the column. */
export function formatMetric(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2).replaceAll("-", "−");
  const digits = size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4;
  return value.toFixed(digits).replace("-", "−");
}

/** "98.47 %" for metrics that are shares, as the accuracies are. */
export function formatShare(value: number, language: string): string {
  return numberFormat(language, {
    style: "percent",
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  }).format(value);
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** "11.6 MB": decimal units, as downloads are named. */
export function formatBytes(bytes: number, language: string): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const maximumFractionDigits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${numberFormat(language, { maximumFractionDigits }).format(value)} ${UNITS[unit]}`;
}

/** "4 min 12 s": the two largest units that count. */
export function formatDuration(seconds: number, t: TFunction<"ui">): string {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return t("duration.days", { days, hours: hours % 24 });
  if (hours > 0) return t("duration.hours", { hours, minutes: minutes % 60 });
  if (minutes > 0) return t("duration.minutes", { minutes, seconds: whole % 60 });
  return t("duration.seconds", { seconds: whole });
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** "3 hours ago", a date once it is longer than a week. */
export function formatAgo(time: string, now: number, language: string, t: TFunction<"ui">): string {
  const seconds = (Date.parse(time) - now) / 1000;
  if (-seconds > 7 * 86_400) {
    return new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(time));
  }
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) < length) continue;
    // Between a number and a Chinese word stands a space, as everywhere in the pages.
    return relative.format(Math.round(seconds / length), unit).replace(/(\d)(?=\p{Script=Han})/gu, "$1 ");
  }
  return t("justNow");
}

/** The moment in full, for a tooltip. */
export function formatMoment(time: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(
    new Date(time),
  );
}
