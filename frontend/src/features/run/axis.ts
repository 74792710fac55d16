/** The x axis of the charts: the same points by step, by epoch or by time since the run began. */
import type { XAxis } from "@/live/liveRun";

export type AxisMode = "step" | "epoch" | "time";

export interface Axis {
  readonly mode: AxisMode;
  readonly toAxis: (x: number) => number;
  readonly fromAxis: (x: number) => number;
}

/** Which series an axis reads: epochs are steps in another unit, time has series of its own. */
export function seriesAxis(mode: AxisMode): XAxis {
  return mode === "time" ? "time" : "step";
}

/** @param startMs - Unix time of the run's start, for time. */
export function createAxis(mode: AxisMode, stepsPerEpoch: number | null, startMs: number): Axis {
  if (mode === "time") {
    return { mode, toAxis: (x) => (x - startMs) / 1000, fromAxis: (x) => x * 1000 + startMs };
  }
  if (mode === "epoch" && stepsPerEpoch) {
    return { mode, toAxis: (x) => x / stepsPerEpoch, fromAxis: (x) => x * stepsPerEpoch };
  }
  return { mode: "step", toAxis: (x) => x, fromAxis: (x) => x };
}

/** "1:05", "1:02:30": seconds as a clock. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** "1.5k", "20k": steps short enough for a tick. */
export function formatSteps(steps: number): string {
  if (Math.abs(steps) >= 1e6) return `${+(steps / 1e6).toFixed(2)}M`;
  if (Math.abs(steps) >= 1e4) return `${+(steps / 1e3).toFixed(1)}k`;
  return String(+steps.toFixed(2));
}

/** Distances that ticks may have: parts of an epoch mean something, parts of a step do not. */
export function tickSteps(mode: "step" | "epoch"): number[] {
  const whole = Array.from({ length: 12 }, (_, power) =>
    [1, 2, 5].map((digit) => digit * 10 ** power),
  ).flat();
  return mode === "step" ? whole : [0.1, 0.2, 0.5, ...whole];
}

export function formatTick(mode: AxisMode, value: number): string {
  return mode === "time" ? formatClock(value) : formatSteps(value);
}

/** Where a reader stands: a whole step, part of an epoch, a time. */
export function formatPlace(mode: AxisMode, value: number): string {
  switch (mode) {
    case "time":
      return formatClock(value);
    case "epoch":
      return value.toFixed(2);
    default:
      return String(Math.round(value));
  }
}

/** The least room of a vertical axis: charts whose numbers are short begin at the same place. */
const LEAST_GUTTER_PX = 52;

/** Room for the widest label of a vertical axis and the gap beside it. */
export function gutterOf(labels: readonly string[], gap: number, widthOf: (label: string) => number): number {
  return Math.max(LEAST_GUTTER_PX, ...labels.map((label) => Math.ceil(widthOf(label)) + gap));
}
