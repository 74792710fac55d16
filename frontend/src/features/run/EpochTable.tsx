import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { LiveRun } from "@/live/liveRun";
import { useLiveRunState } from "@/live/useLiveRun";
import { ScrollRegion } from "@/ui/ScrollRegion";
import tables from "@/ui/table.module.css";
import type { CurveGroup } from "./curves";
import classes from "./curves.module.css";
import { epochColumns, epochRows } from "./epochRows";
import { formatValue, metricLabel } from "./metricLabel";

/** The curves as numbers, newest epoch first. */
export function EpochTable({ run, groups }: { run: LiveRun; groups: readonly CurveGroup[] }) {
  const { t, i18n } = useTranslation("run");
  const version = useLiveRunState(run, (state) => state.version);
  const columns = useMemo(() => epochColumns(groups), [groups]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the series change in place; `version` says when
  const rows = useMemo(() => epochRows(run.series, columns).reverse(), [run, columns, version]);
  if (rows.length === 0) return <div className={classes.waiting}>{t("table.none")}</div>;
  return (
    <ScrollRegion className={classes.tableFrame} aria-label={t("table.label")}>
      <table className={tables.table}>
        <thead>
          <tr>
            <th scope="col">{t("axis.epoch")}</th>
            {columns.map(({ key, metric, part }) => (
              <th key={key} scope="col" className={tables.number}>
                {metricLabel(metric, t)} <span className={tables.sub}>{t(`part.${part}`)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.epoch}>
              <th scope="row">{row.epoch}</th>
              {columns.map(({ key, metric }) => (
                <td key={key} className={tables.number}>
                  {cell(metric, row.values.get(key), i18n.language)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function cell(metric: string, value: number | undefined, language: string): string {
  return value === undefined ? "–" : formatValue(metric, value, language);
}
