import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { stopRun } from "@/api/commands";
import { artifactsQuery, artifactUrl, RUNS, type RunDetail } from "@/api/runs";
import { MODEL_FILE } from "@/generated";
import { ActionMenu, MenuItem } from "@/ui/ActionMenu";
import { ButtonLink } from "@/ui/ButtonLink";
import { DownloadIcon, EditIcon, StopIcon, StudioIcon, TrashIcon } from "@/ui/icons";
import { type RunDialog, RunDialogs } from "@/ui/RunDialogs";
import { canStop, hasEnded } from "@/ui/runState";
import { useCommand } from "@/ui/useCommand";
import { failingLayer } from "./failingLayer";

/** A run's commands: stop it while it lives, take its model when it is there, and what one seldom does in a menu. */
export function RunActions({ run, onDeleted }: { run: RunDetail; onDeleted: () => void }) {
  const { t } = useTranslation("run");
  const [dialog, setDialog] = useState<RunDialog | null>(null);
  const stop = useCommand(stopRun, RUNS);
  const failing = failingLayer(run);
  return (
    <>
      {run.model_id && (
        <ButtonLink
          to="/m/$model"
          params={{ model: run.model_id }}
          search={{ run: run.id, ...(failing === null ? {} : { layer: failing }) }}
          variant="default"
          size="sm"
          leftSection={<StudioIcon />}
        >
          {t("action.openModel")}
        </ButtonLink>
      )}
      {!hasEnded(run.state) && (
        <Button
          variant="default"
          size="sm"
          leftSection={<StopIcon />}
          disabled={!canStop(run.state)}
          loading={stop.isPending}
          onClick={() => stop.mutate(run.id)}
        >
          {t("action.stop")}
        </Button>
      )}
      <DownloadModel run={run} />
      <ActionMenu label={t("action.more")}>
        <MenuItem icon={<EditIcon />} onClick={() => setDialog("rename")}>
          {t("action.rename")}
        </MenuItem>
        <MenuItem
          icon={<TrashIcon />}
          isDangerous
          disabled={!hasEnded(run.state)}
          onClick={() => setDialog("delete")}
        >
          {t("action.delete")}
        </MenuItem>
      </ActionMenu>
      <RunDialogs run={run} dialog={dialog} onClose={() => setDialog(null)} onDeleted={onDeleted} />
    </>
  );
}

/** The page's one filled button, once there is a model to take. */
function DownloadModel({ run }: { run: RunDetail }) {
  const { t } = useTranslation("run");
  const artifacts = useQuery(artifactsQuery(run.id));
  const model = artifacts.data?.find((artifact) => artifact.name === MODEL_FILE);
  if (!model) return null;
  return (
    <Button
      component="a"
      href={artifactUrl(run.id, model.name)}
      download
      size="sm"
      leftSection={<DownloadIcon />}
    >
      {t("action.download")}
    </Button>
  );
}
