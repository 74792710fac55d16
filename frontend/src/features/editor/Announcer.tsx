import { useTranslation } from "react-i18next";
import { useView } from "./EditorContext";
import classes from "./StudioPage.module.css";

/** What was just done, for those who do not see it. */
export function Announcer() {
  const { t } = useTranslation("editor");
  const { key, values, count } = useView((view) => view.announcement);
  const words = key === null ? "" : t(`announce.${key}`, values);
  // The same words twice are read twice only when the text differs.
  return (
    <div className={classes.announcer} aria-live="polite" data-testid="announcer">
      {words}
      {count % 2 === 1 ? "\u00a0" : ""}
    </div>
  );
}
