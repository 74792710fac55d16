import { useTranslation } from "react-i18next";
import { changeRun, deleteRun } from "@/api/commands";
import { RUNS, type Run, runsQuery } from "@/api/runs";
import { ConfirmDialog } from "./ConfirmDialog";
import { RenameDialog } from "./RenameDialog";
import { useCommand } from "./useCommand";

export type RunDialog = "rename" | "delete";

interface RunDialogsProps {
  run: Pick<Run, "id" | "name">;
  /** Which one is open. */
  dialog: RunDialog | null;
  onClose: () => void;
  onDeleted?: () => void;
}

/** What is asked before a run gets another name or is deleted: the same on its page and in the list. */
export function RunDialogs({ run, dialog, onClose, onDeleted = onClose }: RunDialogsProps) {
  const { t } = useTranslation("ui");
  const rename = useCommand(changeRun, RUNS);
  // Only the list: to ask again for what is deleted would be refused.
  const remove = useCommand(deleteRun, runsQuery.queryKey);
  switch (dialog) {
    case "rename":
      return (
        <RenameDialog
          title={t("run.rename")}
          name={run.name}
          isBusy={rename.isPending}
          onRename={(name) => rename.mutate({ id: run.id, change: { name } }, { onSuccess: onClose })}
          onClose={onClose}
        />
      );
    case "delete":
      return (
        <ConfirmDialog
          title={t("run.delete", { name: run.name })}
          action={t("run.deleteAction")}
          isBusy={remove.isPending}
          onConfirm={() => remove.mutate(run.id, { onSuccess: onDeleted })}
          onClose={onClose}
        >
          {t("run.deleteText")}
        </ConfirmDialog>
      );
    default:
      return null;
  }
}
