import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Run } from "@/api/runs";
import { ArrowDownIcon, ArrowUpIcon, ChevronLeftIcon, ChevronRightIcon } from "@/ui/icons";
import { ScrollRegion } from "@/ui/ScrollRegion";
import tables from "@/ui/table.module.css";
import { RunRow } from "./RunRow";
import classes from "./runs.module.css";
import { COLUMNS, type ColumnId, type Sorting } from "./runTable";

const NUMBERS: ReadonlySet<ColumnId> = new Set(["loss", "accuracy", "duration", "created"]);
/** So many rows cost nothing, also while runs that go on change them; the others have their own pages. */
const ROWS_OF_A_PAGE = 100;

interface RunsTableProps {
  runs: readonly Run[];
  /** What chose these runs: another choice begins at its first page. */
  selection: string;
  sorting: Sorting;
  onSort: (sorting: Sorting) => void;
}

export function RunsTable({ runs, selection, sorting, onSort }: RunsTableProps) {
  const { t } = useTranslation("runs");
  const list = `${selection} ${sorting.column} ${sorting.isDescending}`;
  const [turned, setTurned] = useState({ list, page: 0 });
  const wanted = turned.list === list ? turned.page : 0;
  const setWanted = (next: number) => setTurned({ list, page: next });
  const pages = Math.max(1, Math.ceil(runs.length / ROWS_OF_A_PAGE));
  const page = Math.min(wanted, pages - 1);
  const start = page * ROWS_OF_A_PAGE;
  const end = Math.min(runs.length, start + ROWS_OF_A_PAGE);
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
            {runs.slice(start, end).map((run) => (
              <RunRow key={run.id} run={run} />
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      {pages > 1 && (
        <nav className={classes.pages} aria-label={t("pages.label")}>
          <span className="lm-num" role="status">
            {t("pages.shown", { first: start + 1, last: end, count: runs.length })}
          </span>
          <Button
            variant="default"
            leftSection={<ChevronLeftIcon size={14} />}
            disabled={page === 0}
            onClick={() => setWanted(page - 1)}
          >
            {t("pages.previous")}
          </Button>
          <Button
            variant="default"
            rightSection={<ChevronRightIcon size={14} />}
            disabled={page === pages - 1}
            onClick={() => setWanted(page + 1)}
          >
            {t("pages.next")}
          </Button>
        </nav>
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
