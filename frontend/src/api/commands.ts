/** What the pages tell the server to do. Each is safe to send twice. */
import { api } from "./client";
import type { components } from "./schema";

export type RunPatch = components["schemas"]["RunPatch"];

export function startDownload(datasetId: string) {
  return api.POST("/api/v1/datasets/{dataset_id}/download", { params: { path: { dataset_id: datasetId } } });
}

export function cancelDownload(datasetId: string) {
  return api.DELETE("/api/v1/datasets/{dataset_id}/download", {
    params: { path: { dataset_id: datasetId } },
  });
}

export function deleteModel(modelId: string) {
  return api.DELETE("/api/v1/models/{model_id}", { params: { path: { model_id: modelId } } });
}

export function stopRun(runId: string) {
  return api.POST("/api/v1/runs/{run_id}/stop", { params: { path: { run_id: runId } } });
}

export function changeRun({ id, change }: { id: string; change: RunPatch }) {
  return api.PATCH("/api/v1/runs/{run_id}", { params: { path: { run_id: id } }, body: change });
}

export function deleteRun(runId: string) {
  return api.DELETE("/api/v1/runs/{run_id}", { params: { path: { run_id: runId } } });
}
