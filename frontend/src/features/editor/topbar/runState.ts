/** What a run's state means for the Studio. */

import type { StudioRun } from "../wire";

/** Whether the run left a trained model: it came to its end, or was stopped after it had learned something. */
export function hasModel(run: StudioRun): boolean {
  return run.state === "SUCCEEDED" || (run.state === "STOPPED" && (run.step ?? 0) > 0);
}

/** How much of the training is done, from 0 to 1; null while that is unknown. */
export function progressOf(run: StudioRun): number | null {
  const { step, steps_per_epoch: perEpoch, epochs } = run;
  if (!step || !perEpoch || !epochs) return null;
  return Math.min(1, step / (perEpoch * epochs));
}
