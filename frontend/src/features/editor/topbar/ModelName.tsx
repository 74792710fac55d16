import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { useEditor, useGraph } from "../EditorContext";
import classes from "./TopBar.module.css";

const LONGEST = 200;

/** The model's name, edited in place. */
export function ModelName() {
  const { t } = useTranslation("editor");
  const { actions } = useEditor();
  const name = useGraph((graph) => graph.name);
  const before = useRef(name);
  return (
    <h1 className={classes.name}>
      <span className={classes.nameSize} aria-hidden="true">
        {name || t("topbar.unnamed")}
      </span>
      <input
        className={classes.nameInput}
        aria-label={t("topbar.name")}
        placeholder={t("topbar.unnamed")}
        maxLength={LONGEST}
        spellCheck={false}
        value={name}
        onFocus={() => {
          before.current = name;
        }}
        onChange={(event) => actions.renameModel(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") actions.renameModel(before.current);
          if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
        }}
      />
    </h1>
  );
}
