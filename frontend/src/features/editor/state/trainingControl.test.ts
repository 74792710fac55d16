import { describe, expect, it, vi } from "vitest";
import { ApiError } from "@/api/problem";
import { renameGraph } from "@/graph/commands";
import { documentOf, reportOf, testEditor } from "../testing/catalog";
import { currentDocument } from "./documentStore";

const model = { id: "m1", version: 3 };

function setUp(start = vi.fn(async () => "r1")) {
  const document = documentOf();
  const stop = vi.fn(async () => undefined);
  const never = () => Promise.reject(new Error("not asked for"));
  const server = { model, document };
  const models = { create: never, replace: never, read: async () => server };
  const editor = testEditor({ document, model, saved: document, models, runs: { start, stop } });
  return { editor, start, stop, document, server };
}

describe("training", () => {
  it("starts a run of the saved version and shows its curves", async () => {
    const { editor, start, document } = setUp();
    await editor.training.train();
    expect(start).toHaveBeenCalledWith(model, document.training, expect.any(String));
    expect(editor.view.getState()).toMatchObject({ isDockOpen: true, dockTab: "curves" });
    expect(editor.training.store.getState().startedRun).toBe("r1");
  });

  it("saves first when something changed", async () => {
    const start = vi.fn(async () => "r1");
    const replace = vi.fn(async () => ({ id: "m1", version: 4 }));
    const never = () => Promise.reject(new Error("not asked for"));
    const document = documentOf();
    const editor = testEditor({
      document,
      model,
      saved: document,
      models: { create: never, replace, read: async () => ({ model, document }) },
      runs: { start, stop: never },
    });
    editor.actions.setTraining("epochs", 9);
    await editor.training.train();
    expect(replace).toHaveBeenCalledOnce();
    expect(start.mock.calls[0]).toEqual([
      { id: "m1", version: 4 },
      expect.objectContaining({ epochs: 9 }),
      expect.any(String),
    ]);
  });

  it("shows a version that was saved elsewhere before it trains that one", async () => {
    const { editor, start, server } = setUp();
    server.model = { id: "m1", version: 4 };
    server.document = documentOf(renameGraph(server.document.graph, "theirs"));
    await editor.training.train();
    expect(start).not.toHaveBeenCalled();
    expect(currentDocument(editor.document.getState()).graph.name).toBe("theirs");
    await editor.training.train();
    expect(start).toHaveBeenCalledWith(server.model, server.document.training, expect.any(String));
  });

  it("leads to the problems instead while there are errors", async () => {
    const { editor, start } = setUp();
    editor.checker.store.setState({ report: reportOf([{ severity: "error" }]) });
    await editor.training.train();
    expect(start).not.toHaveBeenCalled();
    expect(editor.view.getState()).toMatchObject({ isDockOpen: true, dockTab: "problems" });
  });

  it("is not kept from starting by a warning or a note", async () => {
    const { editor, start } = setUp();
    editor.checker.store.setState({ report: reportOf([{ severity: "warning" }, { severity: "info" }]) });
    await editor.training.train();
    expect(start).toHaveBeenCalledOnce();
  });

  it("starts one run for two presses", async () => {
    const { editor, start } = setUp();
    await Promise.all([editor.training.train(), editor.training.train()]);
    expect(start).toHaveBeenCalledOnce();
  });

  it("shows why the server refused", async () => {
    const refusal = new ApiError({ title: "Busy", status: 409, detail: "", code: null, problems: [] });
    const { editor } = setUp(vi.fn(() => Promise.reject(refusal)));
    await editor.training.train();
    expect(editor.training.store.getState()).toMatchObject({ isStarting: false, failure: refusal });
  });

  it("asks the run to stop", async () => {
    const { editor, stop } = setUp();
    await editor.training.stop("r1");
    expect(stop).toHaveBeenCalledWith("r1");
  });

  it("forgets why it was refused with the next edit", async () => {
    const failure = new ApiError({
      title: "no",
      status: 422,
      detail: "Too large.",
      code: null,
      problems: [],
    });
    const { editor } = setUp(vi.fn(() => Promise.reject(failure)));
    const stop = editor.training.follow();
    await editor.training.train();
    expect(editor.training.store.getState().failure).toBe(failure);
    editor.actions.renameModel("other");
    expect(editor.training.store.getState().failure).toBeNull();
    stop();
  });
});
