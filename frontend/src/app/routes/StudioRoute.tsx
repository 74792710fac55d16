import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type Run, runsQuery } from "@/api/runs";
import { StudioPage } from "@/features/editor/StudioPage";
import { CurvesPanel } from "@/features/run/CurvesPanel";
import { LogPanel } from "@/features/run/LogPanel";
import { WaitingForPoints } from "@/features/run/WaitingForPoints";
import { useConnectionPhase } from "@/live/useConnectionPhase";
import classes from "./StudioRoute.module.css";

/** The address of a model that is not saved yet. */
const NEW = "new";
const CHART_HEIGHT_PX = 156;

/** The Studio with the curves and the log of the model's newest run in its dock. */
export function StudioRoute() {
  const { model } = useParams({ from: "/m/$model" });
  const { template, layer, run: sourceRun } = useSearch({ from: "/m/$model" });
  const navigate = useNavigate();
  const modelId = model === NEW ? null : model;
  const runs = useQuery(runsQuery).data ?? [];
  const run = modelId === null ? null : newestOf(runs.filter((candidate) => candidate.model_id === modelId));
  const phase = useConnectionPhase();
  return (
    <StudioPage
      modelId={modelId}
      template={template ?? null}
      layer={layer ?? null}
      sourceRun={sourceRun ?? null}
      run={run}
      onModelCreated={(id) => void navigate({ to: "/m/$model", params: { model: id }, replace: true })}
      renderCurves={(runId) => <Curves runId={runId} run={runs.find(({ id }) => id === runId)} />}
      renderLog={(runId) => (runId ? <LogPanel runId={runId} /> : <NoRun />)}
      serverLost={phase === "lost"}
    />
  );
}

function Curves({ runId, run }: { runId: string | null; run: Run | undefined }) {
  if (!runId) return <NoRun />;
  return (
    <CurvesPanel
      key={runId}
      runId={runId}
      startedAt={run?.started_at ?? null}
      height={CHART_HEIGHT_PX}
      waiting={<WaitingForPoints runId={runId} state={run?.state ?? "STARTING"} />}
    />
  );
}

function NoRun() {
  const { t } = useTranslation("run");
  return <p className={classes.none}>{t("waiting.none")}</p>;
}

function newestOf(runs: readonly Run[]): Run | null {
  return runs.reduce<Run | null>(
    (newest, run) => (!newest || run.created_at > newest.created_at ? run : newest),
    null,
  );
}
