import { useTranslation } from "react-i18next";
import type { Run } from "@/api/runs";
import { localize } from "@/api/text";
import type { LiveRunState } from "@/live/liveRun";
import { useLiveRun, useLiveRunState } from "@/live/useLiveRun";
import { formatCount, formatDuration } from "@/ui/format";
import { ProgressBar } from "@/ui/ProgressBar";
import { hasEnded, toneOf } from "@/ui/runState";
import { DownloadProgress } from "./DownloadProgress";
import { type Progress, progressOf } from "./progress";
import classes from "./run.module.css";

/** How far a run is, or why it ended: the first thing that its page says. */
export function RunStatus({ run }: { run: Run }) {
  const { i18n } = useTranslation("run");
  const live = useLiveRunState(useLiveRun(run.id), (state) => state);
  const message = run.message ?? live.message;
  const progress = progressOf(run, live);
  const isEmpty = hasEnded(run.state) && progress.step === 0 && !message;
  if (isEmpty) return null;
  return (
    <div className={classes.status} data-tone={toneOf(run.state)}>
      {message && <p className={classes.message}>{localize(message, i18n.language)}</p>}
      {hasEnded(run.state) ? (
        progress.step > 0 && <EndedFacts run={run} progress={progress} />
      ) : (
        <LiveFacts run={run} live={live} progress={progress} />
      )}
    </div>
  );
}

interface FactsProps {
  run: Run;
  progress: Progress;
}

function LiveFacts({ run, live, progress }: FactsProps & { live: LiveRunState }) {
  const { t, i18n } = useTranslation("run");
  const { t: tUi } = useTranslation("ui");
  const { download } = live;
  if (download) return <DownloadProgress download={download} />;
  const alert = live.marks.findLast(({ kind }) => kind === "alert");
  const isMoving = run.state === "RUNNING";
  return (
    <>
      {alert?.message && (
        <p className={classes.alert} role="alert">
          {localize(alert.message, i18n.language)}
        </p>
      )}
      <ProgressBar value={progress.share} label={t("status.progress")} />
      <dl className={classes.facts}>
        <StepFacts progress={progress} />
        {isMoving && progress.samplesPerSecond !== null && (
          <Fact name={t("status.speed")}>
            {t("status.perSecond", { value: formatCount(progress.samplesPerSecond, i18n.language) })}
          </Fact>
        )}
        {isMoving && run.seconds_left !== null && (
          <Fact name={t("status.left")}>{formatDuration(run.seconds_left, tUi)}</Fact>
        )}
      </dl>
    </>
  );
}

function EndedFacts({ run, progress }: FactsProps) {
  const { t } = useTranslation("run");
  const { t: tUi } = useTranslation("ui");
  const seconds =
    run.started_at && run.ended_at ? (Date.parse(run.ended_at) - Date.parse(run.started_at)) / 1000 : null;
  return (
    <dl className={classes.facts}>
      <StepFacts progress={progress} />
      {seconds !== null && <Fact name={t("status.took")}>{formatDuration(seconds, tUi)}</Fact>}
    </dl>
  );
}

function StepFacts({ progress }: { progress: Progress }) {
  const { t, i18n } = useTranslation("run");
  const count = (value: number) => formatCount(value, i18n.language);
  const of = (value: number, total: number | null) =>
    total === null ? count(value) : t("status.of", { value: count(value), total: count(total) });
  return (
    <>
      <Fact name={t("axis.epoch")}>{of(progress.epoch, progress.epochs)}</Fact>
      <Fact name={t("axis.step")}>{of(progress.step, progress.steps)}</Fact>
    </>
  );
}

function Fact({ name, children }: { name: string; children: string }) {
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
