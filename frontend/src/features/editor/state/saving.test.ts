import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "@/api/problem";
import { renameGraph, setParameter } from "@/graph/commands";
import type { StudioDocument } from "@/graph/document";
import { documentOf, memoryDrafts } from "../testing/catalog";
import { createDocumentStore, currentDocument } from "./documentStore";
import { createSaver, DRAFT_DELAY_MS, type ModelStorage, SAVE_DELAY_MS, type StoredModel } from "./saving";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const refused = (status: number) =>
  new ApiError({ title: "no", status, detail: "It cannot be.", code: null, problems: [] });

/** A server with one model in it. */
function memoryModels(document: StudioDocument, version = 1) {
  const state = {
    /** Runs once, while the next request is under way. */
    during: null as (() => void) | null,
    version,
    document,
    failure: null as ApiError | null,
    requests: [] as string[],
  };
  const guard = () => {
    if (state.failure) throw state.failure;
  };
  const models: ModelStorage = {
    async create(next) {
      state.requests.push("create");
      guard();
      state.version = 1;
      state.document = next;
      return { id: "m2", version: 1 };
    },
    async replace(model, next) {
      state.requests.push(`replace ${model.version}`);
      guard();
      state.during?.();
      state.during = null;
      if (model.version !== state.version) throw refused(412);
      state.version += 1;
      state.document = next;
      return { id: model.id, version: state.version };
    },
    async read(id) {
      guard();
      state.during?.();
      state.during = null;
      return { model: { id, version: state.version }, document: state.document };
    },
  };
  return { state, models };
}

function setUp(model: StoredModel | null = { id: "m1", version: 1 }) {
  const start = documentOf();
  const document = createDocumentStore(start);
  const server = memoryModels(start);
  const drafts = memoryDrafts();
  const saver = createSaver({
    document,
    models: server.models,
    drafts,
    draftKey: "new",
    start: { model, saved: model ? start : null },
  });
  const stop = saver.start();
  let size = 10;
  const edit = () => {
    size += 1;
    document
      .getState()
      .changeGraph((graph) => setParameter(graph, "a", "size", size), { label: "parameter" });
  };
  const status = () => saver.store.getState().status;
  return { document, server, drafts, saver, stop, edit, status };
}

describe("a saved model", () => {
  it("is saved again a moment after the last change", async () => {
    const { server, edit, status, saver } = setUp();
    edit();
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS / 2);
    edit();
    expect(status()).toBe("dirty");
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS);
    expect(server.state.requests).toEqual(["replace 1"]);
    expect(status()).toBe("saved");
    expect(saver.store.getState().model?.version).toBe(2);
  });

  it("is not saved when an undo leads back to what is saved", async () => {
    const { document, server, edit, status } = setUp();
    edit();
    document.getState().undo();
    expect(status()).toBe("saved");
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS * 2);
    expect(server.state.requests).toEqual([]);
  });

  it("saves what changed while a save was under way, on top of it", async () => {
    const { server, edit, saver } = setUp();
    server.state.during = edit;
    edit();
    await saver.save();
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS);
    expect(server.state.requests).toEqual(["replace 1", "replace 2"]);
  });

  it("saves once when it is asked twice at the same time", async () => {
    const { server, edit, saver } = setUp();
    edit();
    const [first, second] = await Promise.all([saver.save(), saver.save()]);
    expect(first).toEqual({ id: "m1", version: 2 });
    expect(second).toEqual(first);
    expect(server.state.requests).toEqual(["replace 1"]);
  });

  it("keeps unsaved work in the browser until it has arrived", async () => {
    const { drafts, edit, saver } = setUp();
    edit();
    await vi.advanceTimersByTimeAsync(DRAFT_DELAY_MS);
    expect(drafts.kept.get("m1")?.version).toBe(1);
    await saver.save();
    expect(drafts.kept.size).toBe(0);
  });

  it.each([
    ["nobody answers", ApiError.offline()],
    ["a proxy answers instead", refused(502)],
  ])("goes on trying while %s", async (_what, failure) => {
    const { server, edit, status } = setUp();
    server.state.failure = failure;
    edit();
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS);
    expect(status()).toBe("offline");
    server.state.failure = null;
    await vi.advanceTimersByTimeAsync(4000);
    expect(status()).toBe("saved");
  });

  it("is saved when the page is left before the moment is over", async () => {
    const { server, drafts, edit, stop } = setUp();
    edit();
    stop();
    await vi.advanceTimersByTimeAsync(0);
    expect(server.state.requests).toEqual(["replace 1"]);
    expect(drafts.kept.size).toBe(0);
  });

  it("says why it was refused, and tries again with the next change", async () => {
    const { server, edit, status, saver } = setUp();
    server.state.failure = refused(422);
    edit();
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS);
    expect(saver.store.getState()).toMatchObject({ status: "refused", message: "It cannot be." });
    server.state.failure = null;
    edit();
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS);
    expect(status()).toBe("saved");
  });
});

describe("a model that someone else changed", () => {
  async function conflict() {
    const parts = setUp();
    parts.server.state.version = 5;
    parts.server.state.document = {
      ...parts.server.state.document,
      graph: renameGraph(parts.server.state.document.graph, "theirs"),
    };
    parts.edit();
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS);
    return parts;
  }

  it("waits for a choice and saves nothing meanwhile", async () => {
    const { status, edit, server, saver } = await conflict();
    expect(status()).toBe("conflict");
    edit();
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS * 3);
    expect(await saver.save()).toBeNull();
    expect(server.state.requests).toEqual(["replace 1"]);
  });

  it("can be replaced by what is here", async () => {
    const { saver, server, document, status } = await conflict();
    await saver.keepMine();
    expect(status()).toBe("saved");
    expect(server.state.version).toBe(6);
    expect(server.state.document).toBe(currentDocument(document.getState()));
  });

  it("can be taken as it is, one undo away from what was here", async () => {
    const { saver, document, status } = await conflict();
    const mine = currentDocument(document.getState());
    await saver.takeTheirs();
    expect(status()).toBe("saved");
    expect(currentDocument(document.getState()).graph.name).toBe("theirs");
    document.getState().undo();
    expect(currentDocument(document.getState())).toBe(mine);
  });

  it("can be left, with what is here as a new model", async () => {
    const { saver, status } = await conflict();
    expect(await saver.saveAsNew()).toEqual({ id: "m2", version: 1 });
    expect(status()).toBe("saved");
  });
});

describe("a version that was saved elsewhere", () => {
  function newer() {
    const parts = setUp();
    parts.server.state.version = 6;
    const { document } = parts.server.state;
    parts.server.state.document = { ...document, graph: renameGraph(document.graph, "theirs") };
    return parts;
  }
  const nameIn = ({ document }: ReturnType<typeof setUp>) => currentDocument(document.getState()).graph.name;

  it("takes the place of what was not edited here, one undo away", async () => {
    const parts = newer();
    await parts.saver.refresh();
    expect(nameIn(parts)).toBe("theirs");
    expect(parts.saver.store.getState()).toMatchObject({ status: "saved", taken: 6, model: { version: 6 } });
    parts.document.getState().undo();
    expect(nameIn(parts)).not.toBe("theirs");
  });

  it.each(["before", "while"])("asks what to keep of what was edited %s it was looked for", async (when) => {
    const parts = newer();
    if (when === "before") parts.edit();
    else parts.server.state.during = parts.edit;
    const mine = nameIn(parts);
    await parts.saver.refresh();
    expect(nameIn(parts)).toBe(mine);
    expect(parts.saver.store.getState()).toMatchObject({ status: "conflict", isAsking: true, taken: null });
  });

  it("changes nothing while there is none, or nobody answers", async () => {
    const parts = setUp();
    const mine = currentDocument(parts.document.getState());
    await parts.saver.refresh();
    parts.server.state.failure = ApiError.offline();
    await parts.saver.refresh();
    expect(currentDocument(parts.document.getState())).toBe(mine);
    expect(parts.saver.store.getState()).toMatchObject({ status: "saved", taken: null });
  });
});

describe("a model that was deleted elsewhere", () => {
  it.each(["save", "refresh"] as const)(
    "is found missing by %s, and can be saved as a new one",
    async (by) => {
      const { saver, server, edit, drafts } = setUp();
      server.state.failure = refused(404);
      if (by === "save") edit();
      await saver[by]();
      expect(saver.store.getState()).toMatchObject({ status: "deleted", isAsking: true });
      saver.postpone();
      edit();
      expect(saver.store.getState()).toMatchObject({ status: "deleted", isAsking: false });
      expect(await saver.save()).toBeNull();
      expect(saver.store.getState().isAsking).toBe(true);
      server.state.failure = null;
      expect(await saver.saveAsNew()).toEqual({ id: "m2", version: 1 });
      expect(saver.store.getState()).toMatchObject({ status: "saved", isAsking: false });
      expect(drafts.kept.size).toBe(0);
    },
  );
});

describe("a model that was never saved", () => {
  it("is kept in the browser and sent only when asked", async () => {
    const { drafts, server, edit, status, saver } = setUp(null);
    edit();
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS * 2);
    expect(server.state.requests).toEqual([]);
    expect(drafts.kept.get("new")?.version).toBeNull();
    expect(await saver.save()).toEqual({ id: "m2", version: 1 });
    expect(status()).toBe("saved");
    expect(drafts.kept.size).toBe(0);
  });

  it("is a draft again when what was refused is changed", async () => {
    const { server, edit, saver } = setUp(null);
    server.state.failure = refused(422);
    await saver.save();
    expect(saver.store.getState()).toMatchObject({ status: "refused", message: "It cannot be." });
    edit();
    expect(saver.store.getState()).toMatchObject({ status: "draft", message: null });
  });

  it("is kept when the page is left within a moment of the last change", () => {
    const { drafts, edit, stop } = setUp(null);
    edit();
    stop();
    expect(drafts.kept.has("new")).toBe(true);
  });
});
