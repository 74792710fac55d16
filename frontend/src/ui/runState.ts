/** The states of a run as the pages treat them; the server owns the states and their transitions. */
import type { components } from "@/api/schema";

export type RunState = components["schemas"]["RunState"];

/** How a state is coloured; always beside its name. */
export type Tone = "active" | "waiting" | "good" | "bad" | "neutral";

const TONES: Readonly<Record<RunState, Tone>> = {
  QUEUED: "waiting",
  STARTING: "active",
  RUNNING: "active",
  STOPPING: "waiting",
  FINALIZING: "active",
  SUCCEEDED: "good",
  STOPPED: "neutral",
  FAILED: "bad",
  LOST: "bad",
};

export function isRunState(state: string): state is RunState {
  return state in TONES;
}

export function toneOf(state: string): Tone {
  return isRunState(state) ? TONES[state] : "waiting";
}

/** Whether nothing more will come from the run. */
export function hasEnded(state: string): boolean {
  return state === "SUCCEEDED" || state === "STOPPED" || state === "FAILED";
}

/** Whether asking it to stop makes sense: it has not ended and was not asked yet. */
export function canStop(state: string): boolean {
  return !hasEnded(state) && state !== "STOPPING" && state !== "FINALIZING";
}
