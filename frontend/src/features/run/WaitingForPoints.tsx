import { useTranslation } from "react-i18next";
import { hasEnded } from "@/ui/runState";

/** Why there is no curve yet, or will not be one. */
export function WaitingForPoints({ state }: { state: string }) {
  const { t } = useTranslation("run");
  if (hasEnded(state)) return t("waiting.ended");
  if (state === "QUEUED") return t("waiting.queued");
  return t("waiting.starting");
}
