import { useQuery } from "@tanstack/react-query";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { runsQuery } from "@/api/runs";
import { formatDuration } from "@/ui/format";
import { CheckIcon, ErrorIcon, WarningIcon } from "@/ui/icons";
import { useCheck, useEditor, useGraph, useTraining } from "./EditorContext";
import { batchSizeOf, datasetOf, estimateEpoch, lastMeasured, runCostQuery } from "./estimate";
import { formatCount } from "./format";
import { KeyboardIcon } from "./icons";
import classes from "./StatusBar.module.css";
import { problemsOf } from "./state/checking";

/** The graph in numbers, and whether anything is wrong with it. */
export const StatusBar = memo(function StatusBar() {
  const { t, i18n } = useTranslation("editor");
  const { view } = useEditor();
  const totals = useCheck((check) => check.report?.totals);
  const layers = useGraph((graph) => graph.nodes.length);
  const count = (value: number) => formatCount(value, i18n.language);
  return (
    <footer className={classes.bar}>
      <ProblemCount />
      <span className={classes.fact}>{t("status.layers", { count: layers })}</span>
      {totals && (
        <>
          <span className={classes.fact}>
            {t("status.parameters", { count: totals.parameters, shown: count(totals.parameters) })}
          </span>
          <span className={classes.fact}>{t("status.macs", { shown: count(totals.macs) })}</span>
          <EpochTime macs={totals.macs} />
        </>
      )}
      <button type="button" className={classes.keys} onClick={() => view.setState({ dialog: "shortcuts" })}>
        <KeyboardIcon size={15} />
        {t("status.shortcuts")}
        <kbd className={classes.kbd}>?</kbd>
      </button>
    </footer>
  );
});

/** About how long an epoch takes, once something like it was trained here. */
function EpochTime({ macs }: { macs: number }) {
  const { t, i18n } = useTranslation("editor");
  const { t: tUi } = useTranslation("ui");
  const dataset = useTraining(datasetOf);
  const batchSize = useTraining(batchSizeOf);
  const measured = useQuery({ ...runsQuery, select: (runs) => lastMeasured(runs, dataset) }).data ?? null;
  const cost = useQuery({ ...runCostQuery(measured?.run ?? ""), enabled: measured !== null }).data;
  const seconds =
    measured && cost ? estimateEpoch(measured.secondsPerEpoch, cost, { macs, batchSize }) : null;
  if (seconds === null) return null;
  const short = new Intl.NumberFormat(i18n.language, { maximumSignificantDigits: 1 }).format(seconds);
  const time = seconds < 1 ? tUi("duration.seconds", { seconds: short }) : formatDuration(seconds, tUi);
  return (
    <span className={classes.fact} title={t("status.epochHint")}>
      {t("status.epoch", { time })}
    </span>
  );
}

function ProblemCount() {
  const { t } = useTranslation("editor");
  const { view } = useEditor();
  const problems = useCheck(problemsOf);
  const isLost = useCheck((check) => check.isLost);
  const isShown = () => view.getState().isDockOpen && view.getState().dockTab === "problems";
  const toggle = () =>
    isShown() ? view.setState({ isDockOpen: false }) : view.getState().openDock("problems");
  if (!problems)
    return <span className={classes.fact}>{isLost ? t("problems.lost") : t("problems.checking")}</span>;
  const errors = problems.filter((problem) => problem.severity === "error").length;
  const warnings = problems.filter((problem) => problem.severity === "warning").length;
  return (
    <button type="button" className={classes.problems} onClick={toggle}>
      {errors > 0 && (
        <span className={classes.error}>
          <ErrorIcon size={14} />
          {t("status.errors", { count: errors })}
        </span>
      )}
      {warnings > 0 && (
        <span className={classes.warning}>
          <WarningIcon size={14} />
          {t("status.warnings", { count: warnings })}
        </span>
      )}
      {errors + warnings === 0 && (
        <span className={classes.good}>
          <CheckIcon size={14} />
          {t("status.noProblems")}
        </span>
      )}
    </button>
  );
}
