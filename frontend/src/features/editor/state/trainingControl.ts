/** Training from the Studio: what keeps it from starting, starting it, stopping it. */

import { createStore, type StoreApi } from "zustand/vanilla";
import { ApiError } from "@/api/problem";
import type { TrainingDocument } from "@/graph/document";
import type { Problem } from "../wire";
import { type CheckStore, problemsOf } from "./checking";
import { currentDocument, type DocumentStore } from "./documentStore";
import type { Saver, StoredModel } from "./saving";
import type { ViewStore } from "./viewStore";

export interface RunRequests {
  /** Start a run of a saved model; the same key starts it once. Resolves to the run's id. */
  start(model: StoredModel, training: TrainingDocument, key: string): Promise<string>;
  stop(run: string): Promise<void>;
}

export interface TrainingState {
  readonly isStarting: boolean;
  readonly isStopping: boolean;
  /** The run started last from here; known before the list of runs tells of it. */
  readonly startedRun: string | null;
  readonly failure: ApiError | null;
}

export interface TrainingControl {
  readonly store: StoreApi<TrainingState>;
  train(): Promise<void>;
  stop(run: string): Promise<void>;
  clearFailure(): void;
  /** Follow the document from now on: an edit answers a refusal. The result ends it. */
  follow(): () => void;
}

interface TrainingOptions {
  readonly document: DocumentStore;
  readonly view: ViewStore;
  readonly check: CheckStore;
  readonly saver: Saver;
  readonly runs: RunRequests;
  readonly newKey: () => string;
}

/** Problems that refuse a run. */
export function blocking(problems: readonly Problem[] | undefined): readonly Problem[] {
  return problems?.filter((problem) => problem.severity === "error") ?? [];
}

export function createTrainingControl(options: TrainingOptions): TrainingControl {
  const { document, view, check, saver, runs, newKey } = options;
  const store = createStore<TrainingState>(() => ({
    isStarting: false,
    isStopping: false,
    startedRun: null,
    failure: null,
  }));

  const start = async () => {
    const { taken } = saver.store.getState();
    await saver.refresh();
    const model = await saver.save();
    // The saver shows why nothing could be saved; a conflict is a question to answer first.
    if (!model) return;
    // What was saved elsewhere has just taken the place of what was to be trained: that is to be seen first.
    if (saver.store.getState().taken !== taken) return;
    const { training } = currentDocument(document.getState());
    const run = await runs.start(model, training, newKey());
    store.setState({ startedRun: run });
    view.getState().openDock("curves");
    view.getState().announce("trainingStarted");
  };

  const during = async (flag: "isStarting" | "isStopping", task: () => Promise<void>) => {
    if (store.getState()[flag]) return;
    store.setState({ [flag]: true, failure: null });
    try {
      await task();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      store.setState({ failure: error });
    } finally {
      store.setState({ [flag]: false });
    }
  };

  const clearFailure = () => {
    if (store.getState().failure) store.setState({ failure: null });
  };

  return {
    store,
    clearFailure,
    follow: () => document.subscribe(clearFailure),
    async train() {
      const errors = blocking(problemsOf(check.getState()));
      if (errors.length > 0) {
        view.getState().openDock("problems");
        view.getState().announce("trainingBlocked", { count: errors.length });
        return;
      }
      await during("isStarting", start);
    },
    stop: (run) => during("isStopping", () => runs.stop(run)),
  };
}
