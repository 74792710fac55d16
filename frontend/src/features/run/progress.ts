/** How far a run is, from what was fetched and what was streamed since: the newer of both. */
import type { Run } from "@/api/runs";
import type { LiveRunState } from "@/live/liveRun";

export interface Progress {
  readonly step: number;
  readonly steps: number | null;
  readonly epoch: number;
  readonly epochs: number | null;
  /** In [0, 1]; null before the length is known. */
  readonly share: number | null;
  readonly samplesPerSecond: number | null;
}

type FetchedRun = Pick<Run, "step" | "epoch" | "epochs" | "steps_per_epoch" | "samples_per_second">;
type StreamedRun = Pick<LiveRunState, "step" | "epoch" | "epochs" | "stepsPerEpoch" | "samplesPerSecond">;

export function progressOf(run: FetchedRun, live: StreamedRun): Progress {
  const step = Math.max(run.step, live.step ?? 0);
  const epoch = Math.max(run.epoch, live.epoch ?? 0);
  const epochs = run.epochs ?? live.epochs;
  const stepsPerEpoch = run.steps_per_epoch ?? live.stepsPerEpoch;
  const steps = epochs !== null && stepsPerEpoch !== null ? epochs * stepsPerEpoch : null;
  const share = steps ? Math.min(1, step / steps) : null;
  const samplesPerSecond = run.samples_per_second ?? live.samplesPerSecond;
  return { step, steps, epoch, epochs, share, samplesPerSecond };
}
