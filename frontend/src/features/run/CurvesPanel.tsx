import { Skeleton, Switch } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLiveRun, useLiveRunState } from "@/live/useLiveRun";
import { Segmented } from "@/ui/Segmented";
import { type AxisMode, createAxis, seriesAxis } from "./axis";
import { groupCurves } from "./curves";
import classes from "./curves.module.css";
import { EpochTable } from "./EpochTable";

const loadChart = () => import("./MetricChart");
const MetricChart = lazy(() => loadChart().then((module) => ({ default: module.MetricChart })));

const MODES: readonly AxisMode[] = ["step", "epoch", "time"];
const VIEWS = ["charts", "table"] as const;
const MOST_SMOOTHING = 0.99;

interface CurvesPanelProps {
  runId: string;
  /** When training began, for the time axis; the first point stands in while it is not known. */
  startedAt?: string | null;
  /** Of one chart, in pixels. */
  height?: number;
  /** Shown while there is no point yet: why, and what comes next. */
  waiting?: ReactNode;
}

/** A run's curves, live: one chart per metric, or the same numbers as a table. */
export function CurvesPanel({ runId, startedAt = null, height = 220, waiting }: CurvesPanelProps) {
  const { t } = useTranslation("run");
  const [mode, setMode] = useState<AxisMode>("step");
  const [smoothing, setSmoothing] = useState(0);
  const [isLog, setLog] = useState(false);
  const [withoutOutliers, setWithoutOutliers] = useState(false);
  const [view, setView] = useState<(typeof VIEWS)[number]>("charts");
  // Fetched while the first points are on their way, not after them.
  useEffect(() => void loadChart(), []);
  const run = useLiveRun(runId, seriesAxis(mode));
  const isLoaded = useLiveRunState(run, (state) => state.isLoaded);
  const stepsPerEpoch = useLiveRunState(run, (state) => state.stepsPerEpoch);
  const keys = useLiveRunState(run, () => run.series.keys().join("\n"));
  const groups = useMemo(() => groupCurves(keys.split("\n").filter(Boolean)), [keys]);
  const first = keys === "" ? null : firstX(run.series, keys.split("\n"));
  const startMs = startedAt ? Date.parse(startedAt) : (first ?? 0);
  const axis = useMemo(() => createAxis(mode, stepsPerEpoch, startMs), [mode, stepsPerEpoch, startMs]);
  return (
    <div className={classes.panel}>
      <div className={classes.toolbar}>
        <Segmented
          label={t("toolbar.axis")}
          value={mode}
          onChange={setMode}
          options={MODES.map((value) => ({ value, label: t(`axis.${value}`) }))}
        />
        <label className={classes.smoothing}>
          {t("toolbar.smoothing")}
          <input
            type="range"
            min={0}
            max={MOST_SMOOTHING}
            step={0.01}
            value={smoothing}
            style={{ "--share": `${(smoothing / MOST_SMOOTHING) * 100}%` }}
            onChange={(event) => setSmoothing(Number(event.currentTarget.value))}
          />
          <output className="lm-num">{smoothing === 0 ? t("toolbar.off") : smoothing.toFixed(2)}</output>
        </label>
        <Switch
          size="xs"
          label={t("toolbar.log")}
          checked={isLog}
          onChange={(event) => setLog(event.currentTarget.checked)}
        />
        <Switch
          size="xs"
          label={t("toolbar.outliers")}
          checked={withoutOutliers}
          onChange={(event) => setWithoutOutliers(event.currentTarget.checked)}
        />
        <span className={classes.spacer} />
        <Segmented
          label={t("toolbar.view")}
          value={view}
          onChange={setView}
          options={VIEWS.map((value) => ({ value, label: t(`toolbar.${value}`) }))}
        />
      </div>
      {groups.length === 0 ? (
        <Waiting isLoaded={isLoaded} height={height}>
          {waiting}
        </Waiting>
      ) : view === "table" ? (
        <EpochTable run={run} groups={groups} />
      ) : (
        <div className={classes.grid}>
          <Suspense fallback={<ChartSkeletons height={height} />}>
            {groups.map((group) => (
              <MetricChart
                key={group.metric}
                run={run}
                runId={runId}
                group={group}
                axis={axis}
                smoothing={smoothing}
                isLog={isLog}
                withoutOutliers={withoutOutliers}
                height={height}
              />
            ))}
          </Suspense>
        </div>
      )}
    </div>
  );
}

function firstX(
  series: { get(key: string): { first: { x: number } | null } | undefined },
  keys: string[],
): number {
  return Math.min(...keys.map((key) => series.get(key)?.first?.x ?? Number.POSITIVE_INFINITY));
}

function Waiting({ isLoaded, height, children }: { isLoaded: boolean; height: number; children: ReactNode }) {
  const { t } = useTranslation("run");
  if (!isLoaded) {
    return (
      <div className={classes.grid}>
        <ChartSkeletons height={height} />
      </div>
    );
  }
  return <div className={classes.waiting}>{children ?? t("chart.none")}</div>;
}

function ChartSkeletons({ height }: { height: number }) {
  const { t } = useTranslation("ui");
  return (
    <>
      <div className={classes.skeleton} role="status" aria-label={t("loading")}>
        <Skeleton height={18} width="30%" mb={8} />
        <Skeleton height={height} />
      </div>
      <div className={classes.skeleton} aria-hidden="true">
        <Skeleton height={18} width="30%" mb={8} />
        <Skeleton height={height} />
      </div>
    </>
  );
}
