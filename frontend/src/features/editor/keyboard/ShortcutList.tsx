import { useTranslation } from "react-i18next";
import { COMMANDS, type CommandGroup } from "./commands";
import { Keys } from "./Keys";
import classes from "./PickList.module.css";

const GROUPS: readonly CommandGroup[] = ["edit", "canvas", "train", "view"];

/** Every key of the Studio, by what it is for. */
export function ShortcutList() {
  const { t } = useTranslation("editor");
  return (
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
  );
}
