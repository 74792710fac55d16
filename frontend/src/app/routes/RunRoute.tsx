import { useNavigate, useParams } from "@tanstack/react-router";
import { RunPage } from "@/features/run/RunPage";

export function RunRoute() {
  const { run } = useParams({ from: "/runs/$run" });
  const navigate = useNavigate();
  return <RunPage key={run} runId={run} onDeleted={() => void navigate({ to: "/runs" })} />;
}
