/** Unsaved documents in the browser's own storage. Storage that is full or denied loses drafts, never an edit. */

import { readGraph, readTraining, type StudioDocument } from "@/graph/document";
import { isObject } from "@/graph/json";

export interface Draft {
  readonly document: StudioDocument;
  /** The saved version that the draft goes on from; null when there is none. */
  readonly version: number | null;
}

export interface DraftStorage {
  read(key: string): Draft | null;
  write(key: string, draft: Draft): void;
  remove(key: string): void;
}

const PREFIX = "lamina.draft.";

export function createDraftStorage(
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">,
): DraftStorage {
  return {
    read(key) {
      try {
        return readDraft(JSON.parse(storage.getItem(PREFIX + key) ?? "null"));
      } catch {
        return null;
      }
    },
    write(key, { document, version }) {
      try {
        storage.setItem(PREFIX + key, JSON.stringify({ ...document, version }));
      } catch {
        // No room or no permission: the document is still in memory and goes to the server.
      }
    },
    remove(key) {
      try {
        storage.removeItem(PREFIX + key);
      } catch {
        // What cannot be written cannot be read back either.
      }
    },
  };
}

function readDraft(value: unknown): Draft | null {
  if (!isObject(value)) return null;
  const graph = readGraph(value.graph);
  const training = readTraining(value.training);
  if (!graph || !training) return null;
  return { document: { graph, training }, version: typeof value.version === "number" ? value.version : null };
}
