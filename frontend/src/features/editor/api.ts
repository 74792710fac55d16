/** The Studio's requests. */

import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { api, dataOf } from "@/api/client";
import { MODEL_FILE } from "@/generated";
import type { GraphDocument, StudioDocument } from "@/graph/document";
import { readGraph, readTraining } from "@/graph/document";
import type { CheckRequest } from "./state/checking";
import type { ModelStorage, StoredModel } from "./state/saving";
import type { RunRequests } from "./state/trainingControl";
import type { Model } from "./wire";

/** Documents that the server sent and this version of the page cannot show. */
export class UnreadableDocument extends Error {
  override readonly name = "UnreadableDocument";
}

/** The two documents of a model or a template, or `UnreadableDocument` when they are of a later version. */
export function readDocuments(from: { graph: unknown; training: unknown }): StudioDocument {
  const graph = readGraph(from.graph);
  const training = readTraining(from.training);
  if (!graph || !training) throw new UnreadableDocument();
  return { graph, training };
}

/** Documents as a request body: the same JSON, under an open type. */
function body({ graph, training }: StudioDocument) {
  return { name: graph.name, graph: { ...graph }, training: { ...training } };
}

export const requestCheck: CheckRequest = async (document, signal) => {
  const { graph, training } = body(document);
  return dataOf(await api.POST("/api/v1/graphs/check", { body: { graph, training }, signal }));
};

export function codeQuery(graph: GraphDocument, style: "keras" | "pytorch") {
  return queryOptions({
    queryKey: ["graphs", "code", style, graph.nodes, graph.outputs],
    queryFn: async ({ signal }) =>
      dataOf(await api.POST("/api/v1/graphs/code", { body: { graph: { ...graph }, style }, signal })),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}

export async function readModel(id: string, version?: number): Promise<Model> {
  const params = { path: { model_id: id }, ...(version === undefined ? {} : { query: { version } }) };
  return dataOf(await api.GET("/api/v1/models/{model_id}", { params }));
}

/** A run with the documents that it froze. */
export async function readRun(id: string) {
  return dataOf(await api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: id } } }));
}

export function versionsQuery(id: string) {
  return queryOptions({
    queryKey: ["models", id, "versions"],
    queryFn: async ({ signal }) =>
      dataOf(
        await api.GET("/api/v1/models/{model_id}/versions", {
          params: { path: { model_id: id }, query: { limit: 50 } },
          signal,
        }),
      ).items,
    staleTime: 0,
  });
}

export function createModelStorage(queries: QueryClient): ModelStorage {
  const noted = ({ id, version }: Model): StoredModel => {
    void queries.invalidateQueries({ queryKey: ["models"] });
    return { id, version };
  };
  return {
    async create(document) {
      return noted(dataOf(await api.POST("/api/v1/models", { body: body(document) })));
    },
    async replace({ id, version }, document) {
      const params = { path: { model_id: id }, header: { "if-match": `"${version}"` } };
      return noted(dataOf(await api.PUT("/api/v1/models/{model_id}", { params, body: body(document) })));
    },
    async read(id) {
      const model = await readModel(id);
      return { model: { id: model.id, version: model.version }, document: readDocuments(model) };
    },
  };
}

export function createRunRequests(queries: QueryClient): RunRequests {
  /** Wait until the list of runs tells of it, so that the page never shows the state before. */
  const refresh = () => queries.invalidateQueries({ queryKey: ["runs"] });
  return {
    async start(model, training, key) {
      const run = dataOf(
        await api.POST("/api/v1/runs", {
          params: { header: { "idempotency-key": key } },
          body: { model: model.id, version: model.version, training: { ...training } },
        }),
      );
      await refresh();
      return run.id;
    },
    async stop(run) {
      await api.POST("/api/v1/runs/{run_id}/stop", { params: { path: { run_id: run } } });
      await refresh();
    },
  };
}

export function modelFileUrl(run: string): string {
  return `/api/v1/runs/${encodeURIComponent(run)}/artifacts/${MODEL_FILE}`;
}
