import { Button } from "@mantine/core";
import type { ReactNode } from "react";
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
  if (status === "deleted") return <Deleted />;
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

/** A newer version was saved elsewhere. */
function Conflict() {
  const { t } = useTranslation("editor");
  const { saver } = useEditor();
  return (
    <Question
      status="conflict"
      title={t("conflict.title")}
      text={t("conflict.text")}
      hint={t("conflict.hint")}
    >
      <Button data-autofocus onClick={() => void saver.keepMine()}>
        {t("conflict.mine")}
      </Button>
      <Button variant="default" onClick={() => void saver.takeTheirs()}>
        {t("conflict.theirs")}
      </Button>
      <Button variant="default" onClick={() => void saver.saveAsNew()}>
        {t("conflict.both")}
      </Button>
    </Question>
  );
}

/** The model was deleted elsewhere; what is here need not go with it. */
function Deleted() {
  const { t } = useTranslation("editor");
  const { saver } = useEditor();
  return (
    <Question status="deleted" title={t("deleted.title")} text={t("deleted.text")} hint={t("deleted.hint")}>
      <Button data-autofocus onClick={() => void saver.saveAsNew()}>
        {t("deleted.again")}
      </Button>
    </Question>
  );
}

interface QuestionProps {
  status: "conflict" | "deleted";
  title: string;
  text: string;
  hint: string;
  /** The answers. */
  children: ReactNode;
}

/** What a person must choose. It can be put off until the next save: nothing is saved until it is answered. */
function Question({ status, title, text, hint, children }: QuestionProps) {
  const { t } = useTranslation("editor");
  const { saver } = useEditor();
  const isAsking = useSaving((saving) => saving.isAsking);
  return (
    <span className={classes.save} role="status">
      <button
        type="button"
        className={classes.saveButton}
        data-status={status}
        onClick={() => void saver.save()}
      >
        {t(`save.${status}`)}
        <span className={classes.saveAct}>{t("save.resolve")}</span>
      </button>
      {isAsking && (
        <Dialog title={title} onClose={saver.postpone}>
          <p className={classes.conflictText}>{text}</p>
          <div className={classes.conflictChoices}>{children}</div>
          <p className={classes.conflictHint}>{hint}</p>
        </Dialog>
      )}
    </span>
  );
}
