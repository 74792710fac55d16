import { useSyncExternalStore } from "react";
import type { Phase } from "./connection";
import { live } from "./live";

export function useConnectionPhase(): Phase {
  return useSyncExternalStore(live.listen, () => live.phase);
}
