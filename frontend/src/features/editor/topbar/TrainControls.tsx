import { Button, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatDuration } from "@/ui/format";
import { DownloadIcon, PlayIcon, StopIcon } from "@/ui/icons";
import { hasEnded } from "@/ui/runState";
import { modelFileUrl } from "../api";
import { useCheck, useEditor, useSaving, useTrainingControl } from "../EditorContext";
import { useRun } from "../RunContext";
import { problemsOf } from "../state/checking";
import { blocking } from "../state/trainingControl";
import type { StudioRun } from "../wire";
import { hasModel, progressOf } from "./runState";
import classes from "./TopBar.module.css";

/** Train; while a run of this model trains, its progress and Stop; once it has ended, the file. */
export function TrainControls() {
  const run = useRun();
  const isLive = run !== null && !hasEnded(run.state);
  return (
    <div className={classes.train}>
      {isLive ? (
        <LiveRun run={run} />
      ) : (
        <>
          {run && hasModel(run) && <Download run={run} />}
          <TrainButton />
        </>
      )}
    </div>
  );
}

function TrainButton() {
  const { t } = useTranslation("editor");
  const { training } = useEditor();
  const isStarting = useTrainingControl((state) => state.isStarting);
  const errors = useCheck((check) => blocking(problemsOf(check)).length);
  const refused = useCheck((check) => check.refused?.[0].message);
  const reason = refused ?? (errors > 0 ? t("train.blocked", { count: errors }) : t("train.hint"));
  return (
    <Tooltip label={reason} multiline maw={280}>
      {/* Not `disabled`: a control that cannot be reached cannot say why it does nothing. */}
      <Button
        className={classes.trainButton ?? ""}
        leftSection={<PlayIcon size={13} />}
        loading={isStarting}
        aria-disabled={errors > 0}
        aria-description={reason}
        aria-keyshortcuts="Control+Enter"
        data-blocked={errors > 0 || undefined}
        onClick={() => void training.train()}
      >
        {t("train.train")}
      </Button>
    </Tooltip>
  );
}

function LiveRun({ run }: { run: StudioRun }) {
  const { t } = useTranslation("editor");
  const { training, view } = useEditor();
  const version = useSaving((saving) => saving.model?.version ?? null);
  const status = useSaving((saving) => saving.status);
  const isStopping = useTrainingControl((state) => state.isStopping) || run.state === "STOPPING";
  const progress = progressOf(run);
  const progressText = useProgressText(run);
  const edited = version === null ? null : status === "dirty" || status === "saving" ? version + 1 : version;
  const isBehind = edited !== null && run.model_version !== null && edited > run.model_version;
  return (
    <>
      {isBehind && (
        <span className={classes.behind}>
          {t("train.behind", { training: run.model_version ?? 0, editing: edited })}
        </span>
      )}
      <button type="button" className={classes.progress} onClick={() => view.getState().openDock("curves")}>
        <span className={classes.progressText}>{progressText}</span>
        <progress className={classes.progressBar} max={1} {...(progress === null ? {} : { value: progress })}>
          {progress === null ? "" : `${Math.round(progress * 100)} %`}
        </progress>
      </button>
      <Button
        variant="default"
        leftSection={<StopIcon size={13} />}
        loading={isStopping}
        onClick={() => void training.stop(run.id)}
      >
        {t("train.stop")}
      </Button>
    </>
  );
}

function useProgressText(run: StudioRun): string {
  const { t } = useTranslation("editor");
  const { t: tUi } = useTranslation("ui");
  if (run.state !== "RUNNING") return t("train.preparing");
  const epoch = t("train.epoch", { epoch: Math.max(1, run.epoch ?? 1), epochs: run.epochs ?? 1 });
  if (run.seconds_left === null) return epoch;
  return `${epoch} · ${t("train.left", { time: formatDuration(run.seconds_left, tUi) })}`;
}

function Download({ run }: { run: StudioRun }) {
  const { t } = useTranslation("editor");
  return (
    <Button
      component="a"
      href={modelFileUrl(run.id)}
      download
      variant="default"
      leftSection={<DownloadIcon size={14} />}
    >
      {t("train.download")}
    </Button>
  );
}
