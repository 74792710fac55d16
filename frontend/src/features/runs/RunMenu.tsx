import { ActionIcon, Menu } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changeRun, deleteRun, stopRun } from "@/api/commands";
import { RUNS, type Run } from "@/api/runs";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { EditIcon, MoreIcon, StopIcon, StudioIcon, TrashIcon } from "@/ui/icons";
import { MenuItemLink } from "@/ui/links";
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
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={t("menu.label", { name: run.name })}>
            <MoreIcon />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {!hasEnded(run.state) && (
            <Menu.Item
              leftSection={<StopIcon />}
              disabled={!canStop(run.state)}
              onClick={() => stop.mutate(run.id)}
            >
              {t("menu.stop")}
            </Menu.Item>
          )}
          {run.model_id && (
            <MenuItemLink to="/m/$model" params={{ model: run.model_id }} leftSection={<StudioIcon />}>
              {t("menu.openModel")}
            </MenuItemLink>
          )}
          <Menu.Item leftSection={<EditIcon />} onClick={() => setDialog("rename")}>
            {t("menu.rename")}
          </Menu.Item>
          <Menu.Item
            leftSection={<TrashIcon />}
            color="var(--lm-bad)"
            disabled={!hasEnded(run.state)}
            onClick={() => setDialog("delete")}
          >
            {t("menu.delete")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === "rename" && (
        <RenameDialog
          title={t("rename.title")}
          name={run.name}
          isBusy={rename.isPending}
          onRename={(name) => rename.mutate({ id: run.id, change: { name } }, { onSuccess: close })}
          onClose={close}
        />
      )}
      <ConfirmDialog
        isOpen={dialog === "delete"}
        title={t("delete.title", { name: run.name })}
        action={t("menu.delete")}
        isBusy={remove.isPending}
        onConfirm={() => remove.mutate(run.id, { onSuccess: close })}
        onClose={close}
      >
        {t("delete.text")}
      </ConfirmDialog>
    </>
  );
}
