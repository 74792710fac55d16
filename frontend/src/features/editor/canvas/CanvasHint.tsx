import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useView } from "../EditorContext";
import classes from "./Canvas.module.css";

const SHOWN_MS = 5000;
/** Announcements that eyes need as well: why nothing happened, and what to do next. */
const SHOWN = /^(refused|connecting|connectNothing|notPasted|fixStale)/;

/** Why a link was refused, or what a link that is being made waits for. The announcer says the same aloud. */
export function CanvasHint() {
  const { t } = useTranslation("editor");
  const { key, values, count } = useView((view) => view.announcement);
  const isConnecting = useView((view) => view.connectFrom !== null);
  const [gone, setGone] = useState(0);
  useEffect(() => {
    const timer = setTimeout(() => setGone(count), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [count]);
  if (key === null || !SHOWN.test(key)) return null;
  if (key === "connecting" ? !isConnecting : gone >= count) return null;
  return (
    <p className={classes.hint} data-refused={key.startsWith("refused") || undefined} aria-hidden="true">
      {t(`announce.${key}`, { ...values })}
    </p>
  );
}
