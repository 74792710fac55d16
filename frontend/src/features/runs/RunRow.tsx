import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import type { Run } from "@/api/runs";
import { formatAgo, formatDuration, formatMetric, formatMoment, formatShare } from "@/ui/format";
import { ProgressBar } from "@/ui/ProgressBar";
import { hasEnded } from "@/ui/runState";
import { StateBadge } from "@/ui/StateBadge";
import tables from "@/ui/table.module.css";
import { RunMenu } from "./RunMenu";
import classes from "./runs.module.css";
import { type Latest, latest, secondsOf, shareOf } from "./runTable";

/** Drawn again only when its own run changes. */
export const RunRow = memo(function RunRow({ run }: { run: Run }) {
  const { t, i18n } = useTranslation("ui");
  const { language } = i18n;
  const now = Date.now();
  const loss = latest(run, "loss");
  const accuracy = latest(run, "accuracy");
  const seconds = secondsOf(run, now);
  return (
    <tr>
      <th scope="row" className={classes.nameCell}>
        <Link to="/runs/$run" params={{ run: run.id }} className={classes.name}>
          {run.name}
        </Link>
        <span className={classes.origin}>{[run.graph_name, run.dataset].filter(Boolean).join(" · ")}</span>
      </th>
      <td>
        <StateBadge state={run.state} />
      </td>
      <td className={classes.progressCell}>
        <RunProgress run={run} />
      </td>
      <MetricCell latest={loss} format={formatMetric} />
      <MetricCell latest={accuracy} format={(value) => formatShare(value, language)} />
      <td className={tables.number}>{seconds === null ? "–" : formatDuration(seconds, t)}</td>
      <td className={tables.number}>
        <time dateTime={run.created_at} title={formatMoment(run.created_at, language)}>
          {formatAgo(run.created_at, now, language, t)}
        </time>
      </td>
      <td className={classes.menuCell}>
        <RunMenu run={run} />
      </td>
    </tr>
  );
});

function MetricCell({ latest, format }: { latest: Latest | null; format: (value: number) => string }) {
  const { t } = useTranslation("runs");
  if (latest === null) return <td className={tables.number}>–</td>;
  return (
    <td className={tables.number}>
      {format(latest.value)}
      <span className={classes.origin}>{t(`part.${latest.part}`)}</span>
    </td>
  );
}

function RunProgress({ run }: { run: Run }) {
  const { t } = useTranslation("runs");
  const label =
    run.epochs === null ? "–" : t("progress", { epoch: Math.min(run.epoch, run.epochs), epochs: run.epochs });
  return (
    <>
      <span className="lm-num">{label}</span>
      {!hasEnded(run.state) && <ProgressBar value={shareOf(run) ?? 0} label={t("column.progress")} />}
    </>
  );
}
