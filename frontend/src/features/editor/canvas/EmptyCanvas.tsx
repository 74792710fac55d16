import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useEditor } from "../EditorContext";
import classes from "./Canvas.module.css";

/** Nothing is there yet: the outline of what could be, and the first step. */
export function EmptyCanvas() {
  const { t } = useTranslation("editor");
  const { catalogue, actions } = useEditor();
  const first = catalogue.layers.find((layer) => layer.inputs.max === 0);
  return (
    <div className={classes.empty}>
      <div className={classes.ghosts} aria-hidden="true">
        <div className={classes.ghost} />
        <div className={classes.link} />
        <div className={classes.ghost} />
        <div className={classes.link} />
        <div className={classes.ghost} />
      </div>
      <div className={classes.emptyText}>
        <p className={classes.emptyTitle}>{t("empty.title")}</p>
        <p className={classes.emptyHint}>{t("empty.hint")}</p>
        {first && (
          <Button
            className={classes.emptyAction ?? ""}
            variant="default"
            onClick={() => actions.addAfterSelection(first.entry.name)}
          >
            {t("empty.add", { type: first.entry.name })}
          </Button>
        )}
      </div>
    </div>
  );
}
