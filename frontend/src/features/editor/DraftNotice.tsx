import { ActionIcon, Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { StudioDocument } from "@/graph/document";
import { CloseIcon } from "@/ui/icons";
import { useEditor, useSaving } from "./EditorContext";
import classes from "./StudioPage.module.css";

/** Says that the page goes on where it was left, and offers to start over; undo brings the draft back. */
export function DraftNotice({ original }: { original: StudioDocument | null }) {
  const { t } = useTranslation("editor");
  const { document } = useEditor();
  const [isShown, setIsShown] = useState(original !== null);
  const isSaved = useSaving((saving) => saving.model !== null);
  if (!isShown || !original || isSaved) return null;
  return (
    <div className={classes.notice} role="status">
      <span className={classes.noticeText}>{t("draft.restored")}</span>
      <Button
        variant="default"
        onClick={() => {
          document.getState().change(original, { label: "version" });
          setIsShown(false);
        }}
      >
        {t("draft.startOver")}
      </Button>
      <ActionIcon aria-label={t("draft.dismiss")} onClick={() => setIsShown(false)}>
        <CloseIcon size={14} />
      </ActionIcon>
    </div>
  );
}
