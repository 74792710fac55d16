import { ActionIcon } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { describeError } from "@/ui/describeError";
import { CloseIcon, ErrorIcon } from "@/ui/icons";
import { useEditor, useSaving, useTrainingControl } from "../EditorContext";
import classes from "./TopBar.module.css";

/** Why the server did not take the model, or would not start or stop a run. Gone with the next edit. */
export function RefusalNotice() {
  const { t } = useTranslation("editor");
  const { t: tUi } = useTranslation("ui");
  const { training } = useEditor();
  const failure = useTrainingControl((state) => state.failure);
  const unsaved = useSaving((saving) => (saving.status === "refused" ? saving.message : null));
  if (failure) {
    const { title, detail, problems } = describeError(failure, tUi);
    const reasons = problems.length > 0 ? problems.map((problem) => problem.message) : [detail];
    return (
      <Refusal title={title} text={reasons.join(" ")}>
        <ActionIcon aria-label={t("draft.dismiss")} onClick={training.clearFailure}>
          <CloseIcon size={14} />
        </ActionIcon>
      </Refusal>
    );
  }
  return unsaved === null ? null : <Refusal title={t("save.refused")} text={unsaved} />;
}

function Refusal({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  return (
    <div className={classes.refusal} role="alert">
      <span className={classes.refusalIcon}>
        <ErrorIcon size={15} />
      </span>
      <p className={classes.refusalText}>
        <strong>{title}</strong> {text}
      </p>
      {children}
    </div>
  );
}
