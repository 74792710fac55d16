import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/problem";
import { type RunDetail, runQuery } from "@/api/runs";
import { ButtonLink } from "@/ui/ButtonLink";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { ChevronLeftIcon } from "@/ui/icons";
import { Page } from "@/ui/Page";
import { hasEnded } from "@/ui/runState";
import { StateBadge } from "@/ui/StateBadge";
import { CurvesPanel } from "./CurvesPanel";
import { Environment } from "./Environment";
import { Files } from "./Files";
import { LogPanel } from "./LogPanel";
import { RunActions } from "./RunActions";
import { RunStatus } from "./RunStatus";
import classes from "./run.module.css";
import { SettingsUsed } from "./SettingsUsed";
import { TestScores } from "./TestScores";
import { WaitingForPoints } from "./WaitingForPoints";

const LOG_HEIGHT_PX = 260;

/** One run: how it goes or went, its curves, and what it left. */
export function RunPage({ runId, onDeleted }: { runId: string; onDeleted: () => void }) {
  const { t } = useTranslation("run");
  const run = useQuery(runQuery(runId));
  if (run.isPending) return <RunSkeleton />;
  // Also when it was there before: it has been deleted meanwhile.
  if (run.error instanceof ApiError && run.error.status === 404) return <NothingThere />;
  if (run.isLoadingError) {
    return (
      <Page title={t("title")} before={<BackToRuns />}>
        <ErrorNotice error={run.error} onRetry={() => void run.refetch()} />
      </Page>
    );
  }
  return <LoadedRun run={run.data} onDeleted={onDeleted} />;
}

/** The address names a run that does not exist. */
function NothingThere() {
  const { t } = useTranslation("run");
  return (
    <Page title={t("missing.title")} before={<BackToRuns />}>
      <div role="alert">
        <EmptyState
          title={t("missing.run")}
          action={
            <ButtonLink to="/runs" variant="default">
              {t("missing.toRuns")}
            </ButtonLink>
          }
        />
      </div>
    </Page>
  );
}

function LoadedRun({ run, onDeleted }: { run: RunDetail; onDeleted: () => void }) {
  const { t } = useTranslation("run");
  return (
    <Page
      title={run.name}
      tabTitle={tabTitleOf(run)}
      before={<BackToRuns />}
      beside={<StateBadge state={run.state} />}
      actions={<RunActions run={run} onDeleted={onDeleted} />}
    >
      <RunStatus run={run} />
      <CurvesPanel
        runId={run.id}
        startedAt={run.started_at}
        height={240}
        waiting={<WaitingForPoints runId={run.id} state={run.state} />}
      />
      <div className={classes.columns}>
        <div className={classes.column}>
          <Section title={t("test.title")}>
            <TestScores run={run} />
          </Section>
          <Section title={t("files.title")}>
            <Files run={run} />
          </Section>
          <Section title={t("log.title")} isBare>
            <LogPanel runId={run.id} height={LOG_HEIGHT_PX} />
          </Section>
        </div>
        <div className={classes.column}>
          <Section title={t("settings.title")}>
            <SettingsUsed run={run} />
          </Section>
          <Section title={t("environment.title")}>
            <Environment environment={run.environment} />
          </Section>
        </div>
      </div>
    </Page>
  );
}

/** "42% · digits": a run that goes on is watched from other tabs. */
function tabTitleOf(run: RunDetail): string {
  const steps = (run.epochs ?? 0) * (run.steps_per_epoch ?? 0);
  if (hasEnded(run.state) || steps === 0) return run.name;
  return `${Math.floor((100 * run.step) / steps)}% · ${run.name}`;
}

function BackToRuns() {
  const { t } = useTranslation("run");
  return (
    <Link to="/runs" className={classes.back}>
      <ChevronLeftIcon size={14} />
      {t("back")}
    </Link>
  );
}

interface SectionProps {
  title: string;
  children: ReactNode;
  /** The content draws its own frame. */
  isBare?: boolean;
}

function Section({ title, children, isBare = false }: SectionProps) {
  return (
    <section className={classes.section} aria-label={title}>
      <h2 className={classes.heading}>{title}</h2>
      {isBare ? children : <div className={classes.box}>{children}</div>}
    </section>
  );
}

function RunSkeleton() {
  const { t } = useTranslation("run");
  return (
    <Page title={t("title")} before={<BackToRuns />}>
      <div role="status" aria-label={t("loading")}>
        <Skeleton height={76} radius="md" />
        <div className={classes.skeletonCharts}>
          <Skeleton height={290} radius="md" />
          <Skeleton height={290} radius="md" />
        </div>
      </div>
    </Page>
  );
}
