import type { RunDetail } from "@/api/runs";

/** The layer that a failed run's message names, in quotes as the engine writes names; null if it names none. */
export function failingLayer(run: Pick<RunDetail, "state" | "message" | "graph">): string | null {
  if (run.state !== "FAILED" || !run.message) return null;
  const quoted = new Set([...run.message.en.matchAll(/"([^"]+)"/g)].map(([, name]) => name));
  const { nodes } = run.graph;
  if (!Array.isArray(nodes)) return null;
  const ids = nodes.flatMap((node: unknown) =>
    typeof node === "object" && node !== null && "id" in node && typeof node.id === "string" ? [node.id] : [],
  );
  return ids.find((id) => quoted.has(id)) ?? null;
}
