import type { TFunction } from "i18next";
import { formatMetric, formatShare } from "@/ui/format";

const KNOWN = ["loss", "accuracy"] as const;
type KnownMetric = (typeof KNOWN)[number];

function isKnown(metric: string): metric is KnownMetric {
  return (KNOWN as readonly string[]).includes(metric);
}

/** A metric's name for readers: the common two translated, any other as the model names it. */
export function metricLabel(metric: string, t: TFunction<"run">): string {
  if (isKnown(metric)) return t(`metric.${metric}`);
  const words = metric.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Whether a metric is a share of 1 and reads best as percent. */
function isShare(metric: string): boolean {
  return /accuracy|precision|recall|auc/i.test(metric);
}

/** A value of a metric for readers. */
export function formatValue(metric: string, value: number, language: string): string {
  return isShare(metric) ? formatShare(value, language) : formatMetric(value);
}

/** A tick of a metric's axis: as short as it can be. */
export function formatTickValue(metric: string, value: number): string {
  if (isShare(metric)) return `${Number((value * 100).toFixed(2))}%`;
  const [digits = "", exponent] = formatMetric(value).split("e");
  const short = digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
  return exponent === undefined ? short : `${short}e${exponent.replace("+", "")}`;
}

/** What a chart has by this name, in the order of its legend. */
export const LEGEND_LINES = ["batch", "epoch", "validation"] as const;
export type LegendLine = (typeof LEGEND_LINES)[number];

/** The values of a chart in words, for a screen reader. */
export function describeValues(
  values: Record<LegendLine, number | null>,
  metric: string,
  t: TFunction<"run">,
  language: string,
): string[] {
  return LEGEND_LINES.flatMap((line) => {
    const value = values[line];
    return value === null ? [] : [`${t(`line.${line}`)} ${formatValue(metric, value, language)}`];
  });
}
