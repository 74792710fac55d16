import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { localize } from "@/api/text";
import { formatCount, formatMetric, formatShare } from "@/ui/format";
import { CheckIcon, ErrorIcon } from "@/ui/icons";
import { hasEnded } from "@/ui/runState";
import { useRun } from "../RunContext";
import type { StudioRun } from "../wire";
import classes from "./Dock.module.css";

/** How the last run ended: why it failed and what to do, at which step it was stopped, or how it did on the test part. */
export function RunNotice() {
  const { t } = useTranslation("editor");
  const run = useRun();
  const outcome = useOutcome(run);
  if (run === null || outcome === null) return null;
  const hasFailed = run.state === "FAILED";
  return (
    <div
      className={classes.notice}
      data-tone={hasFailed ? "bad" : "neutral"}
      role={hasFailed ? "alert" : "status"}
    >
      <span className={classes.noticeIcon}>
        {hasFailed ? <ErrorIcon size={15} /> : <CheckIcon size={15} />}
      </span>
      <p className={classes.noticeText}>
        {outcome}{" "}
        <Link to="/runs/$run" params={{ run: run.id }}>
          {t("run.show")}
        </Link>
      </p>
    </div>
  );
}

function useOutcome(run: StudioRun | null): string | null {
  const { t, i18n } = useTranslation("editor");
  if (run === null || !hasEnded(run.state)) return null;
  const said = run.message ? localize(run.message, i18n.language) : null;
  if (run.state === "FAILED") return said ?? t("run.failed");
  if (run.state === "STOPPED")
    return said ?? t("run.stopped", { step: formatCount(run.step, i18n.language) });
  if (!run.test) return t("run.finished");
  const accuracy = run.test.metrics.accuracy;
  return typeof accuracy === "number"
    ? t("run.accuracy", { value: formatShare(accuracy, i18n.language) })
    : t("run.loss", { value: formatMetric(Number(run.test.loss)) });
}
