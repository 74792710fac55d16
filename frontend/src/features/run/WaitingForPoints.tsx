import { useTranslation } from "react-i18next";
import { useLiveRun, useLiveRunState } from "@/live/useLiveRun";
import { hasEnded } from "@/ui/runState";
import classes from "./curves.module.css";
import { DownloadProgress } from "./DownloadProgress";

/** Why there is no curve yet, or will not be one. */
export function WaitingForPoints({ runId, state }: { runId: string; state: string }) {
  const { t } = useTranslation("run");
  const download = useLiveRunState(useLiveRun(runId), (live) => live.download);
  if (hasEnded(state)) return t("waiting.ended");
  if (download) {
    return (
      <div className={classes.download}>
        <DownloadProgress download={download} />
      </div>
    );
  }
  return state === "QUEUED" ? t("waiting.queued") : t("waiting.starting");
}
