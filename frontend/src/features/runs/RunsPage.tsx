import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Run, runsQuery } from "@/api/runs";
import { ButtonLink } from "@/ui/ButtonLink";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { RunsIcon, SearchIcon } from "@/ui/icons";
import { Page } from "@/ui/Page";
import { Segmented } from "@/ui/Segmented";
import { RunsSkeleton } from "./RunsSkeleton";
import { RunsTable } from "./RunsTable";
import classes from "./runs.module.css";
import { filterRuns, SHOWN, type Shown, START_SORTING, sortRuns } from "./runTable";

/** All trainings, as they go. */
export function RunsPage() {
  const { t } = useTranslation("runs");
  const runs = useQuery(runsQuery);
  return (
    <Page title={t("title")} lead={t("lead")}>
      {runs.isPending && <RunsSkeleton />}
      {runs.isLoadingError && <ErrorNotice error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.data && (runs.data.length === 0 ? <NoRuns /> : <Runs runs={runs.data} />)}
    </Page>
  );
}

function NoRuns() {
  const { t } = useTranslation("runs");
  return (
    <EmptyState
      icon={<RunsIcon size={20} />}
      title={t("empty.title")}
      action={
        <ButtonLink to="/m/$model" params={{ model: "new" }}>
          {t("empty.action")}
        </ButtonLink>
      }
    >
      {t("empty.text")}
    </EmptyState>
  );
}

function Runs({ runs }: { runs: readonly Run[] }) {
  const { t } = useTranslation("runs");
  const [search, setSearch] = useState("");
  const [shown, setShown] = useState<Shown>("all");
  const [sorting, setSorting] = useState(START_SORTING);
  const rows = useMemo(
    () => sortRuns(filterRuns(runs, search, shown), sorting, Date.now()),
    [runs, search, shown, sorting],
  );
  return (
    <>
      <div className={classes.toolbar}>
        <TextInput
          size="xs"
          className={classes.search}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          leftSection={<SearchIcon />}
          aria-label={t("search")}
          placeholder={t("search")}
        />
        <Segmented
          label={t("shown.label")}
          value={shown}
          onChange={setShown}
          options={SHOWN.map((value) => ({ value, label: t(`shown.${value}`) }))}
        />
        <span className={classes.count} role="status">
          {t("count", { count: rows.length })}
        </span>
      </div>
      {rows.length === 0 ? (
        <EmptyState title={t("none.title")}>{t("none.text")}</EmptyState>
      ) : (
        <RunsTable selection={`${shown} ${search}`} runs={rows} sorting={sorting} onSort={setSorting} />
      )}
    </>
  );
}
