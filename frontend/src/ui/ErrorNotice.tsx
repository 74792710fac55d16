import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { describeError } from "./describeError";
import { ErrorIcon } from "./icons";
import classes from "./notices.module.css";

interface ErrorNoticeProps {
  error: unknown;
  onRetry?: () => void;
}

/** A failed request in words: what the server said, each problem it lists, and a way to try again. */
export function ErrorNotice({ error, onRetry }: ErrorNoticeProps) {
  const { t } = useTranslation("ui");
  const { title, detail, problems } = describeError(error, t);
  return (
    <div role="alert" className={classes.error}>
      <span className={classes.errorIcon}>
        <ErrorIcon size={18} />
      </span>
      <div className={classes.errorBody}>
        <p className={classes.errorTitle}>{title}</p>
        {detail && <p className={classes.errorDetail}>{detail}</p>}
        {problems.length > 0 && (
          <ul className={classes.errorList}>
            {problems.map((problem) => (
              <li key={`${problem.code} ${problem.node} ${problem.field} ${problem.message}`}>
                {problem.message}
              </li>
            ))}
          </ul>
        )}
        {onRetry && (
          <Button variant="default" onClick={onRetry} mt="sm">
            {t("error.retry")}
          </Button>
        )}
      </div>
    </div>
  );
}
