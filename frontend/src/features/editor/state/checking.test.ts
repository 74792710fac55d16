import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "@/api/problem";
import { moveNodes, setParameter } from "@/graph/commands";
import { documentOf, reportOf } from "../testing/catalog";
import type { Report } from "../wire";
import { CHECK_DELAY_MS, createChecker, problemsOf, sameMeaning, shareParts } from "./checking";
import { createDocumentStore, currentDocument } from "./documentStore";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const refusal = new ApiError({ title: "no", status: 422, detail: "Too much.", code: null, problems: [] });

function setUp() {
  const document = createDocumentStore(documentOf());
  const asked: {
    answer: (report: Report) => void;
    fail: () => void;
    refuse: () => void;
    signal: AbortSignal;
  }[] = [];
  const checker = createChecker(document, (_, signal) => {
    return new Promise<Report>((resolve, reject) => {
      const refuse = () => reject(refusal);
      asked.push({ answer: resolve, fail: () => reject(new Error("lost")), refuse, signal });
    });
  });
  const stop = checker.start();
  const type = (value: number) =>
    document
      .getState()
      .changeGraph((graph) => setParameter(graph, "a", "size", value), { label: "parameter" });
  return { document, asked, checker, stop, type };
}

describe("checking", () => {
  it("asks at once when it starts", async () => {
    const { asked, checker, document } = setUp();
    await vi.advanceTimersByTimeAsync(0);
    asked[0]?.answer(reportOf());
    await vi.advanceTimersByTimeAsync(0);
    expect(checker.store.getState().report).toEqual(reportOf());
    expect(checker.store.getState().checked).toBe(currentDocument(document.getState()));
  });

  it("asks once for a burst of changes, and cancels what it asked before", async () => {
    const { asked, type } = setUp();
    await vi.advanceTimersByTimeAsync(0);
    for (const value of [1, 12, 128]) {
      type(value);
      await vi.advanceTimersByTimeAsync(CHECK_DELAY_MS / 3);
    }
    expect(asked).toHaveLength(1);
    expect(asked[0]?.signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(CHECK_DELAY_MS);
    expect(asked).toHaveLength(2);
  });

  it("takes no answer of a check that was overtaken", async () => {
    const { asked, checker, type } = setUp();
    await vi.advanceTimersByTimeAsync(0);
    type(5);
    asked[0]?.answer(reportOf([{ code: "old" }]));
    await vi.advanceTimersByTimeAsync(0);
    expect(checker.store.getState().report).toBeNull();
  });

  it("does not ask when only positions change", async () => {
    const { asked, document } = setUp();
    await vi.advanceTimersByTimeAsync(0);
    document.getState().changeGraph((graph) => moveNodes(graph, { a: { x: 9, y: 9 } }), { label: "move" });
    await vi.advanceTimersByTimeAsync(CHECK_DELAY_MS * 2);
    expect(asked).toHaveLength(1);
  });

  it("asks again when the server did not answer", async () => {
    const { asked, checker } = setUp();
    await vi.advanceTimersByTimeAsync(0);
    asked[0]?.fail();
    await vi.advanceTimersByTimeAsync(0);
    expect(checker.store.getState().isLost).toBe(true);
    await vi.advanceTimersByTimeAsync(5000);
    asked[1]?.answer(reportOf());
    await vi.advanceTimersByTimeAsync(0);
    expect(checker.store.getState().isLost).toBe(false);
  });

  it("takes a refusal in place of the report, until the next answer", async () => {
    const { asked, checker, type } = setUp();
    await vi.advanceTimersByTimeAsync(0);
    asked[0]?.answer(reportOf());
    await vi.advanceTimersByTimeAsync(0);
    type(1e20);
    await vi.advanceTimersByTimeAsync(CHECK_DELAY_MS);
    asked[1]?.refuse();
    await vi.advanceTimersByTimeAsync(5000);
    expect(checker.store.getState()).toMatchObject({ report: null, isLost: false });
    expect(problemsOf(checker.store.getState())).toMatchObject([{ severity: "error", message: "Too much." }]);
    expect(asked).toHaveLength(2);
    type(5);
    await vi.advanceTimersByTimeAsync(CHECK_DELAY_MS);
    asked[2]?.answer(reportOf());
    await vi.advanceTimersByTimeAsync(0);
    expect(problemsOf(checker.store.getState())).toEqual([]);
  });

  it("asks nothing more once it is stopped", async () => {
    const { asked, stop, type } = setUp();
    await vi.advanceTimersByTimeAsync(0);
    stop();
    type(7);
    await vi.advanceTimersByTimeAsync(CHECK_DELAY_MS * 2);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.signal.aborted).toBe(true);
  });
});

describe("reports", () => {
  const node = {
    output_shape: [null, 4],
    dtype: "float32",
    parameters: 1,
    trainable_parameters: 1,
    macs: 1,
    bytes: 1,
  };

  it("keep the identity of what did not change", () => {
    const old = reportOf([], { a: node, b: node });
    const next = reportOf([], { a: { ...node }, b: { ...node, parameters: 2 } });
    const shared = shareParts(old, next);
    expect(shared.nodes.a).toBe(old.nodes.a);
    expect(shared.nodes.b).not.toBe(old.nodes.b);
    expect(shared.problems).toBe(old.problems);
    expect(shared.totals).toBe(old.totals);
  });

  it("are about the meaning of a document", () => {
    const document = documentOf();
    const moved = { ...document, graph: moveNodes(document.graph, { a: { x: 1, y: 1 } }) };
    const changed = { ...document, graph: setParameter(document.graph, "a", "size", 1) };
    expect(sameMeaning(document, moved)).toBe(true);
    expect(sameMeaning(document, changed)).toBe(false);
    expect(sameMeaning(null, document)).toBe(false);
  });
});
