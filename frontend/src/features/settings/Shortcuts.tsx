import { Kbd } from "@mantine/core";
import { useTranslation } from "react-i18next";
import classes from "./settings.module.css";

const GROUPS = {
  train: [
    ["train", "Ctrl", "Enter"],
    ["commands", "Ctrl", "K"],
    ["sheet", "?"],
  ],
  build: [
    ["palette", "/"],
    ["addAfter", "A"],
    ["insertBefore", "I"],
    ["connect", "C"],
    ["walk", "←", "↑", "↓", "→"],
    ["remove", "Delete"],
    ["undo", "Ctrl", "Z"],
    ["redo", "Ctrl", "Shift", "Z"],
    ["copy", "Ctrl", "C"],
    ["paste", "Ctrl", "V"],
    ["duplicate", "Ctrl", "D"],
  ],
  view: [
    ["layout", "L"],
    ["fit", "F"],
    ["minimap", "M"],
    ["outline", "O"],
  ],
} as const;

type Group = keyof typeof GROUPS;
const ORDER: readonly Group[] = ["train", "build", "view"];

/** The keys of the Studio. */
export function Shortcuts() {
  const { t } = useTranslation("settings");
  return (
    <div className={classes.shortcuts}>
      {ORDER.map((group) => (
        <div key={group}>
          <h3 className={classes.group}>{t(`shortcuts.group.${group}`)}</h3>
          <dl className={classes.keys}>
            {GROUPS[group].map(([name, ...keys]) => (
              <div key={name} className={classes.key}>
                <dt>{t(`shortcuts.key.${name}`)}</dt>
                <dd>
                  {keys.map((key) => (
                    <Kbd key={key} size="xs">
                      {key}
                    </Kbd>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </div>
      ))}
    </div>
  );
}
