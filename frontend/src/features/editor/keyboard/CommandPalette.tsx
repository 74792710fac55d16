import { flushSync } from "react-dom";
import { useTranslation } from "react-i18next";
import { Dialog } from "@/ui/Dialog";
import { useEditor, useView } from "../EditorContext";
import { COMMANDS } from "./commands";
import { Keys } from "./Keys";
import { type Pick, PickList } from "./PickList";

/** Ctrl+K: every command by name. */
export function CommandPalette() {
  const { t } = useTranslation("editor");
  const editor = useEditor();
  const isOpen = useView((view) => view.dialog === "commands");
  if (!isOpen) return null;
  const close = () => editor.view.setState({ dialog: null });
  const find = (query: string): Pick[] =>
    COMMANDS.filter((command) => !command.isKeyOnly)
      .map((command) => ({ command, label: t(`command.${command.id}`) }))
      .filter(({ label }) => label.toLowerCase().includes(query.trim().toLowerCase()))
      .map(({ command, label }) => ({
        key: command.id,
        label,
        end: command.keys[0] && <Keys shortcut={command.keys[0]} />,
      }));
  const run = (key: string) => {
    // The dialog gives the focus back first, so that the command finds it where it was.
    flushSync(close);
    COMMANDS.find((known) => known.id === key)?.run(editor);
  };
  return (
    <Dialog title={t("commands.label")} onClose={close}>
      <PickList
        label={t("commands.label")}
        placeholder={t("commands.placeholder")}
        nothing={t("commands.nothing")}
        find={find}
        onPick={run}
      />
    </Dialog>
  );
}
