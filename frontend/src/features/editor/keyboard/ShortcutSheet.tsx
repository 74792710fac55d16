import { useTranslation } from "react-i18next";
import { Dialog } from "@/ui/Dialog";
import { useEditor, useView } from "../EditorContext";
import { COMMANDS, type CommandGroup } from "./commands";
import { Keys } from "./Keys";
import classes from "./PickList.module.css";

const GROUPS: readonly CommandGroup[] = ["edit", "canvas", "train", "view"];

/** `?`: every key of the Studio. */
export function ShortcutSheet() {
  const { t } = useTranslation("editor");
  const { view } = useEditor();
  const isOpen = useView((state) => state.dialog === "shortcuts");
  if (!isOpen) return null;
  return (
    <Dialog title={t("shortcuts.title")} onClose={() => view.setState({ dialog: null })}>
      <div className={classes.sheet}>
        {GROUPS.map((group) => (
          <section key={group}>
            <h3 className={classes.sheetTitle}>{t(`commandGroup.${group}`)}</h3>
            <dl className={classes.sheetList}>
              {COMMANDS.filter((command) => command.group === group && command.keys.length > 0).map(
                (command) => (
                  <div key={command.id} className={classes.sheetRow}>
                    <dt>{t(`command.${command.id}`)}</dt>
                    <dd>
                      {command.keys.map((keys) => (
                        <Keys key={keys} shortcut={keys} />
                      ))}
                    </dd>
                  </div>
                ),
              )}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
