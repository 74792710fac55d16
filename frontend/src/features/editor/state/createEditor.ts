/** One Studio: its stores, wired together. */

import type { StudioDocument } from "@/graph/document";
import type { Catalogue } from "../catalogue";
import type { Editor } from "../EditorContext";
import { createActions, type InputShapeOf } from "./actions";
import { type CheckRequest, createChecker } from "./checking";
import { createDocumentStore } from "./documentStore";
import type { DraftStorage } from "./drafts";
import { createSaver, type ModelStorage, type StoredModel } from "./saving";
import { createTrainingControl, type RunRequests } from "./trainingControl";
import { createViewStore } from "./viewStore";

export interface EditorOptions {
  readonly catalogue: Catalogue;
  readonly document: StudioDocument;
  /** The model that is edited and what of it is saved; null for one that never was. */
  readonly model: StoredModel | null;
  readonly saved: StudioDocument | null;
  readonly draftKey: string;
  readonly drafts: DraftStorage;
  readonly models: ModelStorage;
  readonly runs: RunRequests;
  readonly check: CheckRequest;
  /** The shape of one sample of a dataset; null while that is not known. */
  readonly inputShapeOf?: InputShapeOf;
}

/** The editor, and how to start its timers and requests; the result of `start` ends them. */
export function createEditor(options: EditorOptions): Editor & { start(): () => void } {
  const { catalogue, models, drafts, draftKey, runs } = options;
  const document = createDocumentStore(options.document);
  const view = createViewStore();
  const checker = createChecker(document, options.check);
  const start = { model: options.model, saved: options.saved };
  const saver = createSaver({ document, models, drafts, draftKey, start });
  const training = createTrainingControl({
    document,
    view,
    check: checker.store,
    saver,
    runs,
    newKey: () => crypto.randomUUID(),
  });
  return {
    catalogue,
    document,
    view,
    checker,
    saver,
    training,
    actions: createActions(document, view, catalogue, options.inputShapeOf),
    canvas: { current: null },
    start() {
      const ends = [checker.start(), saver.start(), training.follow()];
      return () => {
        for (const end of ends) end();
      };
    },
  };
}
