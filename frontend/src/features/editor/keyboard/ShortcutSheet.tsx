import { useTranslation } from "react-i18next";
import { Dialog } from "@/ui/Dialog";
import { useEditor, useView } from "../EditorContext";
import { ShortcutList } from "./ShortcutList";

/** `?`: every key of the Studio. */
export function ShortcutSheet() {
  const { t } = useTranslation("editor");
  const { view } = useEditor();
  const isOpen = useView((state) => state.dialog === "shortcuts");
  if (!isOpen) return null;
  return (
    <Dialog title={t("shortcuts.title")} onClose={() => view.setState({ dialog: null })}>
      <ShortcutList />
    </Dialog>
  );
}
