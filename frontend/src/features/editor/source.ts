/** What the Studio opens: a saved model, or a template that becomes one; and a draft of either that was left behind. */

import { queryOptions } from "@tanstack/react-query";
import { ApiError } from "@/api/problem";
import type { Template } from "@/api/queries";
import { emptyGraph, type StudioDocument } from "@/graph/document";
import { sameJson } from "@/graph/json";
import { normalizeGraph } from "@/graph/normalize";
import { placeMissing } from "@/graph/placement";
import { readDocuments, readModel, readRun } from "./api";
import type { Catalogue } from "./catalogue";
import type { DraftStorage } from "./state/drafts";
import type { StoredModel } from "./state/saving";

/** In place of a template's id: start with nothing on the canvas. */
const EMPTY = "empty";
export const TEMPLATE_NOT_FOUND = "template_not_found";

export interface Source {
  readonly modelId: string | null;
  readonly template: string | null;
  /** The run whose documents an unsaved model starts from. */
  readonly run: string | null;
}

/** What the server has. */
export interface Opened {
  readonly model: StoredModel | null;
  readonly document: StudioDocument;
}

/** Nothing on the canvas, under the settings that the first template trains with. */
function emptyDocument(name: string, [first]: readonly Template[]): StudioDocument {
  const training = first && readDocuments(first).training;
  return { graph: emptyGraph(name), training: training ?? { format: "lamina.training", version: 1 } };
}

/** The newest state of the source, asked for once each time the Studio opens. `unnamed` is what a new model is called. */
export function sourceQuery(
  { modelId, template, run }: Source,
  templates: readonly Template[] | undefined,
  unnamed: string,
) {
  return queryOptions({
    queryKey: ["studio", modelId, template, run],
    queryFn: async (): Promise<Opened> => {
      if (modelId !== null) {
        const model = await readModel(modelId);
        return { model: { id: model.id, version: model.version }, document: readDocuments(model) };
      }
      if (run !== null) return { model: null, document: readDocuments(await readRun(run)) };
      if (template === EMPTY) return { model: null, document: emptyDocument(unnamed, templates ?? []) };
      const chosen = template === null ? templates?.[0] : templates?.find((known) => known.id === template);
      if (!chosen)
        throw new ApiError({
          title: "404",
          status: 404,
          detail: "",
          code: TEMPLATE_NOT_FOUND,
          problems: [],
        });
      return { model: null, document: readDocuments(chosen) };
    },
    enabled: modelId !== null || run !== null || templates !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

export interface Start {
  readonly document: StudioDocument;
  readonly model: StoredModel | null;
  readonly saved: StudioDocument | null;
  readonly draftKey: string;
  /** What an unsaved draft was made of, when one goes on; null when the Studio starts afresh. */
  readonly draftOf: StudioDocument | null;
}

/**
 * The documents to start with.
 *
 * A draft of a saved model goes on from the version it was made of; if that is no longer the newest, saving it will ask
 * what to keep.
 */
export function openDocuments(
  opened: Opened,
  source: Source,
  catalogue: Catalogue,
  drafts: DraftStorage,
): Start {
  const document: StudioDocument = {
    graph: placeMissing(normalizeGraph(opened.document.graph, catalogue.defaultsOf)),
    training: opened.document.training,
  };
  const draftKey = opened.model?.id ?? `new.${source.run ?? source.template ?? ""}`;
  const kept = drafts.read(draftKey);
  // A draft may have reached the server while the page was closed, without the answer reaching the page.
  const draft = kept && opened.model && sameJson(kept.document, opened.document) ? null : kept;
  if (opened.model === null) {
    return {
      document: draft?.document ?? document,
      model: null,
      saved: null,
      draftKey,
      draftOf: draft ? document : null,
    };
  }
  if (!draft) return { document, model: opened.model, saved: document, draftKey, draftOf: null };
  const version = draft.version ?? opened.model.version;
  const isCurrent = version === opened.model.version;
  return {
    document: draft.document,
    model: { id: opened.model.id, version },
    saved: isCurrent ? document : null,
    draftKey,
    draftOf: null,
  };
}
