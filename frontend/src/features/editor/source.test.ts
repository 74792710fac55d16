import { describe, expect, it } from "vitest";
import { renameGraph, setParameter } from "@/graph/commands";
import { openDocuments } from "./source";
import { createDraftStorage } from "./state/drafts";
import { CATALOGUE, chain, documentOf, memoryDrafts, TRAINING } from "./testing/catalog";

const model = { id: "m1", version: 4 };
const theirs = { modelId: "m1", template: null, run: null };
const fresh = { modelId: null, template: "first", run: null };
const mine = documentOf(renameGraph(chain(), "mine"));

describe("opening", () => {
  it("normalizes and places what the server has, and takes that for saved", () => {
    const graph = { ...setParameter(chain(), "a", "mode", "plain"), layout: {} };
    const start = openDocuments(
      { model, document: { graph, training: TRAINING } },
      theirs,
      CATALOGUE,
      memoryDrafts(),
    );
    expect(start.document.graph.nodes[1]?.config).toEqual({});
    expect(Object.keys(start.document.graph.layout)).toHaveLength(3);
    expect(start.saved).toBe(start.document);
  });

  it("goes on with a draft of the same version", () => {
    const drafts = memoryDrafts();
    drafts.write("m1", { document: mine, version: 4 });
    const start = openDocuments({ model, document: documentOf() }, theirs, CATALOGUE, drafts);
    expect(start.document).toBe(mine);
    expect(start.model?.version).toBe(4);
    expect(start.saved).not.toBeNull();
  });

  it("goes on with a draft of an older version, so that saving it asks what to keep", () => {
    const drafts = memoryDrafts();
    drafts.write("m1", { document: mine, version: 3 });
    const start = openDocuments({ model, document: documentOf() }, theirs, CATALOGUE, drafts);
    expect(start.document).toBe(mine);
    expect(start.model?.version).toBe(3);
  });

  it("takes a draft that the server has by now for saved", () => {
    const drafts = memoryDrafts();
    drafts.write("m1", { document: structuredClone(mine), version: 3 });
    const start = openDocuments({ model, document: mine }, theirs, CATALOGUE, drafts);
    expect(start.model?.version).toBe(4);
    expect(start.saved).toBe(start.document);
  });

  it("goes on with an unsaved draft, and can start over from the template", () => {
    const drafts = memoryDrafts();
    drafts.write("new.first", { document: mine, version: null });
    const start = openDocuments({ model: null, document: documentOf() }, fresh, CATALOGUE, drafts);
    expect(start.document).toBe(mine);
    expect(start.draftOf).toEqual(documentOf());
    expect(start.saved).toBeNull();
  });
});

describe("drafts in the browser", () => {
  it("come back as they were written", () => {
    const drafts = createDraftStorage(localStorage);
    drafts.write("k", { document: mine, version: 2 });
    expect(drafts.read("k")).toEqual({ document: mine, version: 2 });
    drafts.remove("k");
    expect(drafts.read("k")).toBeNull();
  });

  it("are none when what is stored is broken or the storage is denied", () => {
    localStorage.setItem("lamina.draft.k", "{half");
    expect(createDraftStorage(localStorage).read("k")).toBeNull();
    const denied = () => {
      throw new DOMException("denied", "SecurityError");
    };
    const drafts = createDraftStorage({ getItem: denied, setItem: denied, removeItem: denied });
    expect(drafts.read("k")).toBeNull();
    expect(() => drafts.write("k", { document: mine, version: null })).not.toThrow();
    expect(() => drafts.remove("k")).not.toThrow();
  });
});
