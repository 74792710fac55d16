import { ActionIcon, Tooltip } from "@mantine/core";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { canRedo, canUndo } from "@/graph/history";
import { useDocument, useEditor } from "../EditorContext";
import { RedoIcon, UndoIcon } from "../icons";
import { editLabel } from "../state/documentStore";
import { DrawerButton } from "./DrawerButton";
import { ModelName } from "./ModelName";
import { SaveStatusButton } from "./SaveStatusButton";
import classes from "./TopBar.module.css";
import { TrainControls } from "./TrainControls";
import { VersionsMenu } from "./VersionsMenu";

export const TopBar = memo(function TopBar() {
  return (
    <header className={classes.bar}>
      <DrawerButton drawer="layers" />
      <ModelName />
      <VersionsMenu />
      <SaveStatusButton />
      <UndoRedo />
      <TrainControls />
      <DrawerButton drawer="properties" />
    </header>
  );
});

function UndoRedo() {
  const { t } = useTranslation("editor");
  const { actions } = useEditor();
  const isUndoable = useDocument((state) => canUndo(state.history));
  const isRedoable = useDocument((state) => canRedo(state.history));
  const undone = useDocument((state) => editLabel(state.history.present.label));
  const redone = useDocument((state) => editLabel(state.history.future[0]?.label ?? ""));
  const undoLabel = isUndoable && undone ? t("undoOf", { edit: t(`history.${undone}`) }) : t("command.undo");
  const redoLabel = isRedoable && redone ? t("redoOf", { edit: t(`history.${redone}`) }) : t("command.redo");
  return (
    <div className={classes.group}>
      <Tooltip label={`${undoLabel}  Ctrl+Z`}>
        <ActionIcon
          aria-label={undoLabel}
          aria-keyshortcuts="Control+Z"
          disabled={!isUndoable}
          onClick={actions.undo}
        >
          <UndoIcon />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={`${redoLabel}  Ctrl+Shift+Z`}>
        <ActionIcon
          aria-label={redoLabel}
          aria-keyshortcuts="Control+Shift+Z"
          disabled={!isRedoable}
          onClick={actions.redo}
        >
          <RedoIcon />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
