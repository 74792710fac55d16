import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Run } from "@/api/runs";
import { ArrowDownIcon, ArrowUpIcon } from "@/ui/icons";
import { ScrollRegion } from "@/ui/ScrollRegion";
import tables from "@/ui/table.module.css";
import { RunRow } from "./RunRow";
import classes from "./runs.module.css";
import { COLUMNS, type ColumnId, type Sorting } from "./runTable";

const NUMBERS: ReadonlySet<ColumnId> = new Set(["loss", "accuracy", "duration", "created"]);
/** So many rows cost nothing; the rest waits for being asked for. */
const ROWS_AT_ONCE = 200;

interface RunsTableProps {
  runs: readonly Run[];
  sorting: Sorting;
  onSort: (sorting: Sorting) => void;
}

export function RunsTable({ runs, sorting, onSort }: RunsTableProps) {
  const { t } = useTranslation("runs");
  const [limit, setLimit] = useState(ROWS_AT_ONCE);
  return (
    <>
      <ScrollRegion className={classes.frame} aria-label={t("title")}>
        <table className={tables.table}>
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <HeadCell key={column} column={column} sorting={sorting} onSort={onSort} />
              ))}
              <th scope="col">
                <span className={classes.hidden}>{t("column.actions")}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {runs.slice(0, limit).map((run) => (
              <RunRow key={run.id} run={run} />
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      {runs.length > limit && (
        <Button variant="default" mt="sm" onClick={() => setLimit(limit + ROWS_AT_ONCE)}>
          {t("more", { count: runs.length - limit })}
        </Button>
      )}
    </>
  );
}

interface HeadCellProps {
  column: ColumnId;
  sorting: Sorting;
  onSort: (sorting: Sorting) => void;
}

function HeadCell({ column, sorting, onSort }: HeadCellProps) {
  const { t } = useTranslation("runs");
  const isActive = sorting.column === column;
  const direction = sorting.isDescending ? "descending" : "ascending";
  const Arrow = isActive && !sorting.isDescending ? ArrowUpIcon : ArrowDownIcon;
  return (
    <th
      scope="col"
      className={NUMBERS.has(column) ? tables.number : undefined}
      aria-sort={isActive ? direction : "none"}
    >
      <button
        type="button"
        className={tables.sort}
        data-active={isActive || undefined}
        onClick={() =>
          onSort({ column, isDescending: isActive ? !sorting.isDescending : NUMBERS.has(column) })
        }
      >
        {t(`column.${column}`)}
        <Arrow size={12} />
      </button>
    </th>
  );
}
