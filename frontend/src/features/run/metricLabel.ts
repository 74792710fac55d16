import type { TFunction } from "i18next";

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
export function isShare(metric: string): boolean {
  return /accuracy|precision|recall|auc/i.test(metric);
}
