/** The states of a run as the pages treat them; the server owns the transitions. */

const STATES = [
  "QUEUED",
  "STARTING",
  "RUNNING",
  "PAUSING",
  "PAUSED",
  "STOPPING",
  "FINALIZING",
  "SUCCEEDED",
  "STOPPED",
  "FAILED",
  "LOST",
] as const;

export type RunState = (typeof STATES)[number];

export function isRunState(state: string): state is RunState {
  return (STATES as readonly string[]).includes(state);
}

const ENDED: ReadonlySet<string> = new Set<RunState>(["SUCCEEDED", "STOPPED", "FAILED"]);

/** Whether nothing more will come from the run. */
export function hasEnded(state: string): boolean {
  return ENDED.has(state);
}

/** Whether asking it to stop makes sense: it has not ended and was not asked yet. */
export function canStop(state: string): boolean {
  return !hasEnded(state) && state !== "STOPPING" && state !== "FINALIZING";
}

export type Tone = "active" | "waiting" | "good" | "bad" | "neutral";

export function toneOf(state: string): Tone {
  switch (state) {
    case "RUNNING":
    case "STARTING":
    case "FINALIZING":
      return "active";
    case "SUCCEEDED":
      return "good";
    case "FAILED":
    case "LOST":
      return "bad";
    case "STOPPED":
      return "neutral";
    default:
      return "waiting";
  }
}
