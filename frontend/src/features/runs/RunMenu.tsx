import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changeRun, deleteRun, stopRun } from "@/api/commands";
import { RUNS, type Run } from "@/api/runs";
import { ActionMenu, MenuItem, MenuLink } from "@/ui/ActionMenu";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { EditIcon, StopIcon, StudioIcon, TrashIcon } from "@/ui/icons";
import { RenameDialog } from "@/ui/RenameDialog";
import { canStop, hasEnded } from "@/ui/runState";
import { useCommand } from "@/ui/useCommand";

/** What can be done with a run from the list. */
export function RunMenu({ run }: { run: Run }) {
  const { t } = useTranslation("runs");
  const [dialog, setDialog] = useState<"rename" | "delete" | null>(null);
  const stop = useCommand(stopRun, RUNS);
  const rename = useCommand(changeRun, RUNS);
  const remove = useCommand(deleteRun, RUNS);
  const close = () => setDialog(null);
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
      {dialog === "rename" && (
        <RenameDialog
          title={t("rename.title")}
          name={run.name}
          isBusy={rename.isPending}
          onRename={(name) => rename.mutate({ id: run.id, change: { name } }, { onSuccess: close })}
          onClose={close}
        />
      )}
      {dialog === "delete" && (
        <ConfirmDialog
          title={t("delete.title", { name: run.name })}
          action={t("menu.delete")}
          isBusy={remove.isPending}
          onConfirm={() => remove.mutate(run.id, { onSuccess: close })}
          onClose={close}
        >
          {t("delete.text")}
        </ConfirmDialog>
      )}
    </>
  );
}
