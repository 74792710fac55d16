import { useState } from "react";
import { useTranslation } from "react-i18next";
import { stopRun } from "@/api/commands";
import { RUNS, type Run } from "@/api/runs";
import { ActionMenu, MenuItem, MenuLink } from "@/ui/ActionMenu";
import { EditIcon, StopIcon, StudioIcon, TrashIcon } from "@/ui/icons";
import { type RunDialog, RunDialogs } from "@/ui/RunDialogs";
import { canStop, hasEnded } from "@/ui/runState";
import { useCommand } from "@/ui/useCommand";

/** What can be done with a run from the list. */
export function RunMenu({ run }: { run: Run }) {
  const { t } = useTranslation("runs");
  const [dialog, setDialog] = useState<RunDialog | null>(null);
  const stop = useCommand(stopRun, RUNS);
  return (
    <>
      <ActionMenu label={t("menu.label", { name: run.name })}>
        {!hasEnded(run.state) && (
          <MenuItem icon={<StopIcon />} disabled={!canStop(run.state)} onClick={() => stop.mutate(run.id)}>
            {t("menu.stop")}
          </MenuItem>
        )}
        {run.model_id && (
          <MenuLink icon={<StudioIcon />} to="/m/$model" params={{ model: run.model_id }}>
            {t("menu.openModel")}
          </MenuLink>
        )}
        <MenuItem icon={<EditIcon />} onClick={() => setDialog("rename")}>
          {t("menu.rename")}
        </MenuItem>
        <MenuItem
          icon={<TrashIcon />}
          isDangerous
          disabled={!hasEnded(run.state)}
          onClick={() => setDialog("delete")}
        >
          {t("menu.delete")}
        </MenuItem>
      </ActionMenu>
      <RunDialogs run={run} dialog={dialog} onClose={() => setDialog(null)} />
    </>
  );
}
