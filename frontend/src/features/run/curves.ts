/** Which series make which chart: the wire's keys sorted by the metric that they are about. */

/** One chart: what a metric was on each batch, on each epoch, and on the validation part. */
export interface CurveGroup {
  /** As Keras names it: "loss", "accuracy", … */
  readonly metric: string;
  readonly batch: string | null;
  readonly epoch: string | null;
  readonly validation: string | null;
}

/** Told at the end of an epoch without being a curve of the model. */
const NOT_METRICS: ReadonlySet<string> = new Set(["seconds", "learning_rate", "lr"]);

function metricOf(key: string): string | null {
  const [scope, ...rest] = key.split("/");
  const name = rest.join("/");
  if (!name) return null;
  if (scope === "batch") return name;
  if (scope !== "epoch") return null;
  const metric = name.startsWith("val_") ? name.slice(4) : name;
  return NOT_METRICS.has(metric) ? null : metric;
}

/** The charts of a run, loss first, the rest in the order in which they first appeared. */
export function groupCurves(keys: readonly string[]): CurveGroup[] {
  const known = new Set(keys);
  const metrics = new Set(keys.map(metricOf).filter((metric) => metric !== null));
  const ordered = [...metrics].sort((a, b) => Number(b === "loss") - Number(a === "loss"));
  const find = (key: string) => (known.has(key) ? key : null);
  return ordered.map((metric) => ({
    metric,
    batch: find(`batch/${metric}`),
    epoch: find(`epoch/${metric}`),
    validation: find(`epoch/val_${metric}`),
  }));
}
