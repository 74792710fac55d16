/** The latest run of the model on the page. Apart from the editor: it changes several times a second. */

import { createContext, type ReactNode, use } from "react";
import type { StudioRun } from "./wire";

const RunContext = createContext<StudioRun | null>(null);

export function RunProvider({ run, children }: { run: StudioRun | null; children: ReactNode }) {
  return <RunContext value={run}>{children}</RunContext>;
}

export function useRun(): StudioRun | null {
  return use(RunContext);
}
