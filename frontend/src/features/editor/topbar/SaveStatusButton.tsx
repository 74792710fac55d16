import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "@/ui/Dialog";
import { useEditor, useSaving } from "../EditorContext";
import classes from "./TopBar.module.css";

/** Whether the work is safe; what to decide when it is not. */
export function SaveStatusButton() {
  const { t } = useTranslation("editor");
  const { saver } = useEditor();
  const status = useSaving((saving) => saving.status);
  const message = useSaving((saving) => saving.message);
  if (status === "conflict") return <Conflict />;
  const isSaveable = status === "draft" || status === "dirty" || status === "refused" || status === "offline";
  const text = <span data-status={status}>{t(`save.${status}`)}</span>;
  return (
    <span className={classes.save} role="status" title={message ?? undefined}>
      {isSaveable ? (
        <button
          type="button"
          className={classes.saveButton}
          data-status={status}
          onClick={() => void saver.save()}
        >
          {t(`save.${status}`)}
          {status === "draft" && <span className={classes.saveAct}>{t("save.now")}</span>}
        </button>
      ) : (
        text
      )}
    </span>
  );
}

/** A newer version was saved elsewhere. The question can be put off: nothing is saved until it is answered. */
function Conflict() {
  const { t } = useTranslation("editor");
  const { saver } = useEditor();
  const [isOpen, setIsOpen] = useState(true);
  return (
    <span className={classes.save} role="status">
      <button
        type="button"
        className={classes.saveButton}
        data-status="conflict"
        onClick={() => setIsOpen(true)}
      >
        {t("save.conflict")}
        <span className={classes.saveAct}>{t("save.resolve")}</span>
      </button>
      {isOpen && (
        <Dialog title={t("conflict.title")} onClose={() => setIsOpen(false)}>
          <p className={classes.conflictText}>{t("conflict.text")}</p>
          <div className={classes.conflictChoices}>
            <Button data-autofocus onClick={() => void saver.keepMine()}>
              {t("conflict.mine")}
            </Button>
            <Button variant="default" onClick={() => void saver.takeTheirs()}>
              {t("conflict.theirs")}
            </Button>
            <Button variant="default" onClick={() => void saver.saveAsNew()}>
              {t("conflict.both")}
            </Button>
          </div>
          <p className={classes.conflictHint}>{t("conflict.hint")}</p>
        </Dialog>
      )}
    </span>
  );
}
