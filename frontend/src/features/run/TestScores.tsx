import { useTranslation } from "react-i18next";
import type { Run } from "@/api/runs";
import { formatCount } from "@/ui/format";
import { hasEnded } from "@/ui/runState";
import { formatValue, metricLabel } from "./metricLabel";
import classes from "./run.module.css";

/** How the model does on data that it has never seen. */
export function TestScores({ run }: { run: Run }) {
  const { t, i18n } = useTranslation("run");
  const { test } = run;
  if (!test)
    return <p className={classes.none}>{hasEnded(run.state) ? t("test.absent") : t("test.later")}</p>;
  const scores = { ...test.metrics, loss: test.loss };
  return (
    <>
      <dl className={classes.scores}>
        {Object.entries(scores).map(([metric, value]) => (
          <div key={metric} className={classes.score}>
            <dt>{metricLabel(metric, t)}</dt>
            <dd>{formatValue(metric, Number(value), i18n.language)}</dd>
          </div>
        ))}
      </dl>
      <p className={classes.none}>{t("test.over", { n: formatCount(test.n, i18n.language) })}</p>
    </>
  );
}
