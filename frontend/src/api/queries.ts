/** What the pages ask of the server, with the keys under which the answers are kept. */
import { queryOptions } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import { readAll } from "./readAll";
import type { components } from "./schema";

export type Catalog = components["schemas"]["Catalog"];
export type Dataset = components["schemas"]["Dataset"];
export type DatasetPreview = components["schemas"]["Preview"];
export type ModelSummary = components["schemas"]["ModelSummary"];
export type Template = components["schemas"]["Template"];

/** The catalogue changes only with the server's version. */
export const catalogQuery = queryOptions({
  queryKey: ["catalog"],
  queryFn: async ({ signal }) => dataOf(await api.GET("/api/v1/catalog", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

export const templatesQuery = queryOptions({
  queryKey: ["templates"],
  queryFn: async ({ signal }) => dataOf(await api.GET("/api/v1/templates", { signal })).items,
  staleTime: Number.POSITIVE_INFINITY,
});

export const modelsQuery = queryOptions({
  queryKey: ["models"],
  queryFn: async ({ signal }) =>
    readAll(async (after) =>
      dataOf(await api.GET("/api/v1/models", { params: { query: { after, limit: 200 } }, signal })),
    ),
});

export function modelQuery(id: string) {
  return queryOptions({
    queryKey: ["models", id],
    queryFn: async ({ signal }) =>
      dataOf(await api.GET("/api/v1/models/{model_id}", { params: { path: { model_id: id } }, signal })),
  });
}

const DOWNLOAD_POLL_MS = 500;

export const datasetsQuery = queryOptions({
  queryKey: ["datasets"],
  queryFn: async ({ signal }) => dataOf(await api.GET("/api/v1/datasets", { signal })).items,
  // Bytes are told only on request: ask while something is on its way.
  refetchInterval: ({ state }) =>
    state.data?.some((dataset) => dataset.state === "downloading") ? DOWNLOAD_POLL_MS : false,
});

export function datasetPreviewQuery(id: string) {
  return queryOptions({
    queryKey: ["datasets", id, "preview"],
    queryFn: async ({ signal }) =>
      dataOf(
        await api.GET("/api/v1/datasets/{dataset_id}/preview", {
          params: { path: { dataset_id: id } },
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

const READY_POLL_MS = 30_000;

/** Whether the server can do its work: a refusal says in words what keeps it, such as storage that does not answer. */
export const readyQuery = queryOptions({
  queryKey: ["ready"],
  queryFn: async ({ signal }) => dataOf(await api.GET("/readyz", { signal })),
  refetchInterval: READY_POLL_MS,
  retry: false,
});

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: async ({ signal }) => dataOf(await api.GET("/healthz", { signal })),
});
