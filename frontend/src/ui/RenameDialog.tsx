import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "./Dialog";
import classes from "./Dialog.module.css";

interface RenameDialogProps {
  title: string;
  name: string;
  isBusy: boolean;
  onRename: (name: string) => void;
  onClose: () => void;
}

/** Asks for a new name; Enter saves, Escape leaves it. */
export function RenameDialog({ title, name, isBusy, onRename, onClose }: RenameDialogProps) {
  const { t } = useTranslation("ui");
  const [draft, setDraft] = useState(name);
  const wanted = draft.trim();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wanted === name) onClose();
    else if (wanted) onRename(wanted);
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        <TextInput
          label={t("name")}
          value={draft}
          maxLength={200}
          data-autofocus
          onChange={(event) => setDraft(event.currentTarget.value)}
        />
        <div className={classes.actions}>
          <Button variant="default" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button type="submit" loading={isBusy} disabled={!wanted}>
            {t("save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
