/**
 * The server's judgement of the documents, kept current while they change.
 *
 * A check is asked for a moment after the last change, and a newer one cancels the older, so typing costs one request.
 * Layout does not count: it never changes what a graph means.
 */

import { createStore, type StoreApi } from "zustand/vanilla";
import { ApiError } from "@/api/problem";
import type { StudioDocument } from "@/graph/document";
import { sameJson } from "@/graph/json";
import type { Problem, Report } from "../wire";
import { currentDocument, type DocumentStore } from "./documentStore";
import { isAway } from "./requests";

export const CHECK_DELAY_MS = 150;
const RETRY_MS = 2000;

export interface CheckState {
  readonly report: Report | null;
  /** The document that the report is about. */
  readonly checked: StudioDocument | null;
  /** The server did not answer the last time. */
  readonly isLost: boolean;
  /** In place of a report: why the server would not even read the documents. */
  readonly refused: readonly [Problem] | null;
}

/** The code of the one problem that stands for a refused check. */
export const REFUSED = "check_refused";

/** What is wrong, as far as it is known. */
export function problemsOf({ report, refused }: CheckState): readonly Problem[] | undefined {
  return refused ?? report?.problems;
}

function refusalOf(error: ApiError): Problem {
  const place = { node: null, field: null, port: null };
  return { code: REFUSED, severity: "error", message: error.message, ...place, params: {}, fixes: [] };
}

export type CheckStore = StoreApi<CheckState>;
export type CheckRequest = (document: StudioDocument, signal: AbortSignal) => Promise<Report>;

/** Whether two documents mean the same to a check. */
export function sameMeaning(a: StudioDocument | null, b: StudioDocument | null): boolean {
  return (
    a === b ||
    (a !== null &&
      b !== null &&
      a.graph.nodes === b.graph.nodes &&
      a.graph.outputs === b.graph.outputs &&
      a.graph.blocks === b.graph.blocks &&
      a.training === b.training)
  );
}

/** The new report with every part that did not change taken from the old: what draws it is not drawn again. */
export function shareParts(old: Report | null, next: Report): Report {
  if (!old) return next;
  const nodes = Object.fromEntries(
    Object.entries(next.nodes).map(([id, report]) => {
      const known = old.nodes[id];
      return [id, known && sameJson(known, report) ? known : report] as const;
    }),
  );
  const problems = sameJson(old.problems, next.problems) ? old.problems : next.problems;
  const totals = sameJson(old.totals, next.totals) ? old.totals : next.totals;
  return { ...next, nodes, problems, totals };
}

export interface Checker {
  readonly store: CheckStore;
  /** Follow the document from now on; the result ends it. */
  start(): () => void;
  /** Ask again although nothing changed: the language did. */
  refresh(): void;
}

export function createChecker(document: DocumentStore, request: CheckRequest): Checker {
  const store: CheckStore = createStore(() => ({
    report: null,
    checked: null,
    isLost: false,
    refused: null,
  }));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: AbortController | null = null;
  let wanted: StudioDocument | null = null;

  const ask = async () => {
    const asked = currentDocument(document.getState());
    const controller = new AbortController();
    asking?.abort();
    asking = controller;
    try {
      const report = await request(asked, controller.signal);
      if (controller.signal.aborted) return;
      store.setState((state) => ({
        report: shareParts(state.report, report),
        checked: asked,
        isLost: false,
        refused: null,
      }));
    } catch (error) {
      if (controller.signal.aborted) return;
      if (error instanceof ApiError && !isAway(error) && error.status !== 401) {
        store.setState({ report: null, checked: asked, isLost: false, refused: [refusalOf(error)] });
        return;
      }
      store.setState({ isLost: true });
      plan(RETRY_MS);
    }
  };
  const plan = (delayMs: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), delayMs);
  };
  const follow = () => {
    const now = currentDocument(document.getState());
    if (sameMeaning(now, wanted)) return;
    wanted = now;
    asking?.abort();
    plan(CHECK_DELAY_MS);
  };

  return {
    store,
    refresh: () => plan(0),
    start() {
      wanted = currentDocument(document.getState());
      plan(0);
      const unsubscribe = document.subscribe(follow);
      return () => {
        unsubscribe();
        clearTimeout(timer);
        asking?.abort();
      };
    },
  };
}
