/** The documents under edit and their history. The only place where they change. */

import { createStore, type StoreApi } from "zustand/vanilla";
import type { GraphDocument, StudioDocument, TrainingDocument } from "@/graph/document";
import * as history from "@/graph/history";

/** What an edit did; each has words under `history` in the texts. */
export const EDITS = [
  "add",
  "connect",
  "disconnect",
  "move",
  "layout",
  "parameter",
  "training",
  "output",
  "rename",
  "delete",
  "paste",
  "duplicate",
  "fix",
  "version",
] as const;
export type EditLabel = (typeof EDITS)[number];

export function editLabel(label: string): EditLabel | null {
  return EDITS.find((known) => known === label) ?? null;
}

export interface Edit {
  readonly label: EditLabel;
  /** Edits in quick succession with the same key are undone together. */
  readonly merge?: string;
}

export interface DocumentState {
  readonly history: history.History<StudioDocument>;
  /** Every id that was in use since the Studio opened: none is given out twice. */
  readonly usedIds: ReadonlySet<string>;
  change(next: StudioDocument, edit: Edit): void;
  changeGraph(command: (graph: GraphDocument) => GraphDocument, edit: Edit): void;
  changeTraining(command: (training: TrainingDocument) => TrainingDocument, edit: Edit): void;
  begin(): void;
  end(): void;
  undo(): void;
  redo(): void;
}

export type DocumentStore = StoreApi<DocumentState>;

export function currentDocument(state: DocumentState): StudioDocument {
  return state.history.present.document;
}

function withIds(used: ReadonlySet<string>, graph: GraphDocument): ReadonlySet<string> {
  const fresh = graph.nodes.filter((node) => !used.has(node.id));
  return fresh.length === 0 ? used : new Set([...used, ...fresh.map((node) => node.id)]);
}

export function createDocumentStore(start: StudioDocument, now: () => number = Date.now): DocumentStore {
  return createStore((set, get) => {
    const change = (next: StudioDocument, { label, merge }: Edit) => {
      const { history: before, usedIds } = get();
      const after = history.commit(before, next, {
        label,
        ...(merge === undefined ? {} : { merge: { key: merge, atMs: now() } }),
      });
      if (after !== before) set({ history: after, usedIds: withIds(usedIds, next.graph) });
    };
    return {
      history: history.startHistory(start),
      usedIds: withIds(new Set(), start.graph),
      change,
      changeGraph(command, edit) {
        const document = currentDocument(get());
        const graph = command(document.graph);
        if (graph !== document.graph) change({ ...document, graph }, edit);
      },
      changeTraining(command, edit) {
        const document = currentDocument(get());
        const training = command(document.training);
        if (training !== document.training) change({ ...document, training }, edit);
      },
      begin: () => set((state) => ({ history: history.begin(state.history) })),
      end: () => set((state) => ({ history: history.end(state.history) })),
      undo: () => set((state) => ({ history: history.undo(state.history) })),
      redo: () => set((state) => ({ history: history.redo(state.history) })),
    };
  });
}
