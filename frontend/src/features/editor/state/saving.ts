/**
 * Getting the documents to the server, and losing nothing on the way.
 *
 * Each save makes a version, so a saved model is saved again once the changes have come to rest, and at once when it
 * is trained or left, against the version it was read at. Until a change has
 * arrived it also stands in the browser's storage, so that a reload or a lost server costs nothing. A model that was
 * never saved lives there alone.
 */

import { createStore, type StoreApi } from "zustand/vanilla";
import { ApiError } from "@/api/problem";
import type { StudioDocument } from "@/graph/document";
import { currentDocument, type DocumentStore } from "./documentStore";
import type { Draft, DraftStorage } from "./drafts";
import { isAway } from "./requests";

export const SAVE_DELAY_MS = 5000;
export const DRAFT_DELAY_MS = 250;
const RETRY_MS = 3000;

/** A model as the server has it. */
export interface StoredModel {
  readonly id: string;
  readonly version: number;
}

export interface ModelStorage {
  create(document: StudioDocument): Promise<StoredModel>;
  /** Refused with status 412 when `version` is no longer the newest. */
  replace(model: StoredModel, document: StudioDocument): Promise<StoredModel>;
  read(id: string): Promise<{ model: StoredModel; document: StudioDocument }>;
}

export type SaveStatus =
  /** Never saved. */
  | "draft"
  | "saved"
  | "dirty"
  | "saving"
  /** The server does not answer; it is tried again. */
  | "offline"
  /** Someone else saved a newer version; a person must choose. */
  | "conflict"
  /** Someone else deleted the model; a person must choose. */
  | "deleted"
  /** The server does not take it; the next change is tried again. */
  | "refused";

export interface SaveState {
  readonly model: StoredModel | null;
  readonly status: SaveStatus;
  /** What the server said when it refused. */
  readonly message: string | null;
  /** The version that was saved elsewhere and is shown here since; null while there was none. */
  readonly taken: number | null;
  /** A conflict or a deletion waits for its answer in front of everything else; it can be put off. */
  readonly isAsking: boolean;
}

export interface Saver {
  readonly store: StoreApi<SaveState>;
  /** Save what is not saved, and wait for it. Resolves to the model, or null when that was not possible. */
  save(): Promise<StoredModel | null>;
  /**
   * Look for a newer version on the server: without edits of its own the page shows it, with some it asks as saving does.
   * A server that does not answer changes nothing.
   */
  refresh(): Promise<void>;
  /** Put off the answer to a conflict or a deletion until the next save. */
  postpone(): void;
  /** After a conflict: put this document on top of the newer version. */
  keepMine(): Promise<void>;
  /** After a conflict: show the newer version; what was here is one undo away. */
  takeTheirs(): Promise<void>;
  /** Put this document into a new model. */
  saveAsNew(): Promise<StoredModel | null>;
  /** Write unsaved changes to the browser's storage now. */
  keepDraft(): void;
  /** Follow the document from now on; the result ends it, and saves or keeps what is not saved. */
  start(): () => void;
}

export interface SaverOptions {
  readonly document: DocumentStore;
  readonly models: ModelStorage;
  readonly drafts: DraftStorage;
  /** Where a model that was never saved is kept. */
  readonly draftKey: string;
  readonly start: { readonly model: StoredModel | null; readonly saved: StudioDocument | null };
}

/** Nothing is saved before a person has chosen. */
function isUndecided(status: SaveStatus): status is "conflict" | "deleted" {
  return status === "conflict" || status === "deleted";
}

export function createSaver({ document, models, drafts, draftKey, start }: SaverOptions): Saver {
  let saved = start.saved;
  let saveTimer: ReturnType<typeof setTimeout> | undefined;
  let draftTimer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<StoredModel | null> | null = null;
  const present = () => currentDocument(document.getState());
  const isClean = () => saved !== null && present() === saved;
  const store = createStore<SaveState>(() => ({
    model: start.model,
    status: start.model ? (isClean() ? "saved" : "dirty") : "draft",
    message: null,
    taken: null,
    isAsking: false,
  }));
  const ask = (status: "conflict" | "deleted") => store.setState({ status, isAsking: true });
  const keyOf = (model: StoredModel | null) => (model ? model.id : draftKey);

  const keepDraft = () => {
    clearTimeout(draftTimer);
    draftTimer = undefined;
    const { model } = store.getState();
    if (isClean()) return drafts.remove(keyOf(model));
    const draft: Draft = { document: present(), version: model?.version ?? null };
    drafts.write(keyOf(model), draft);
  };

  const planSave = (delayMs: number) => {
    clearTimeout(saveTimer);
    saveTimer = setTimeout(() => void save(), delayMs);
  };

  /** Send the present document with `send`, and note the outcome. */
  const send = async (
    request: (sent: StudioDocument) => Promise<StoredModel>,
  ): Promise<StoredModel | null> => {
    clearTimeout(saveTimer);
    const sent = present();
    const before = store.getState().model;
    store.setState({ status: "saving", message: null, isAsking: false });
    try {
      const model = await request(sent);
      saved = sent;
      store.setState({ model, status: isClean() ? "saved" : "dirty" });
      if (keyOf(before) !== keyOf(model)) drafts.remove(keyOf(before));
      keepDraft();
      if (!isClean()) planSave(SAVE_DELAY_MS);
      return model;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (isAway(error)) {
        store.setState({ status: "offline" });
        if (before) planSave(RETRY_MS);
      } else if (error.status === 412) {
        ask("conflict");
      } else if (before && error.status === 404) {
        ask("deleted");
      } else {
        store.setState({ status: "refused", message: error.message });
      }
      return null;
    }
  };

  const write = (sent: StudioDocument) => {
    const { model } = store.getState();
    return model ? models.replace(model, sent) : models.create(sent);
  };

  /** One request at a time: a later one waits, for it must name the version that the earlier one makes. */
  const inTurn = (task: () => Promise<StoredModel | null>): Promise<StoredModel | null> => {
    const turn = (running ?? Promise.resolve(null)).then(task);
    const done = turn.finally(() => {
      if (running === done) running = null;
    });
    running = done;
    return done;
  };

  const save = () =>
    inTurn(async () => {
      const { model, status } = store.getState();
      if (isUndecided(status)) {
        ask(status);
        return null;
      }
      return model && isClean() ? model : send(write);
    });

  const onChange = () => {
    const { model, status } = store.getState();
    if (!draftTimer) draftTimer = setTimeout(keepDraft, DRAFT_DELAY_MS);
    if (isUndecided(status)) return;
    if (!model) {
      if (status !== "saving") store.setState({ status: "draft", message: null });
      return;
    }
    if (isClean() && status !== "saving") {
      clearTimeout(saveTimer);
      store.setState({ status: "saved", message: null });
      return;
    }
    if (status !== "saving")
      store.setState({ status: status === "offline" ? "offline" : "dirty", message: null });
    planSave(SAVE_DELAY_MS);
  };

  /** Show what the server has; what was here is one undo away. */
  const show = (newest: { model: StoredModel; document: StudioDocument }) => {
    saved = newest.document;
    store.setState({ model: newest.model, status: "saved", message: null, isAsking: false });
    document.getState().change(newest.document, { label: "version" });
    keepDraft();
  };

  const look = async (): Promise<null> => {
    const { model, status } = store.getState();
    if (!model || (status !== "saved" && status !== "dirty")) return null;
    try {
      const newest = await models.read(model.id);
      if (newest.model.version <= model.version) return null;
      if (!isClean()) {
        ask("conflict");
        return null;
      }
      show(newest);
      store.setState({ taken: newest.model.version });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 404) ask("deleted");
    }
    return null;
  };

  return {
    store,
    save,
    async refresh() {
      await inTurn(look);
    },
    postpone: () => store.setState({ isAsking: false }),
    async keepMine() {
      await inTurn(() =>
        send(async (sent) => {
          const { model } = store.getState();
          if (!model) return models.create(sent);
          const newest = await models.read(model.id);
          return models.replace(newest.model, sent);
        }),
      );
    },
    async takeTheirs() {
      await inTurn(async () => {
        const { model } = store.getState();
        if (!model) return null;
        const newest = await models.read(model.id);
        show(newest);
        return newest.model;
      });
    },
    saveAsNew: () => inTurn(() => send((sent) => models.create(sent))),
    keepDraft,
    start() {
      let last = present();
      const unsubscribe = document.subscribe(() => {
        if (present() === last) return;
        last = present();
        onChange();
      });
      if (start.model && !isClean()) planSave(SAVE_DELAY_MS);
      return () => {
        unsubscribe();
        clearTimeout(saveTimer);
        if (draftTimer) keepDraft();
        const { model, status } = store.getState();
        if (model && status === "dirty") void save();
      };
    },
  };
}
