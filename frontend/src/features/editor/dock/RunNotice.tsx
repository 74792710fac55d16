import { useTranslation } from "react-i18next";
import { localize } from "@/api/text";
import { ErrorIcon } from "@/ui/icons";
import { useRun } from "../RunContext";
import classes from "./Dock.module.css";

/** Why the last run failed, and what to do: the server's sentence. */
export function RunNotice() {
  const { t, i18n } = useTranslation("editor");
  const run = useRun();
  if (run?.state !== "FAILED") return null;
  return (
    <div className={classes.notice} role="alert">
      <span className={classes.noticeIcon}>
        <ErrorIcon size={15} />
      </span>
      <p className={classes.noticeText}>
        {run.message ? localize(run.message, i18n.language) : t("run.failed")}
      </p>
    </div>
  );
}
