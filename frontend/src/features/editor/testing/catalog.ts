/** A small made-up catalogue, and editors on it, for tests. */

import type { Text } from "@/api/text";
import type { GraphDocument, StudioDocument, TrainingDocument } from "@/graph/document";
import { graphOf } from "@/graph/testing";
import { type Catalogue, indexCatalog } from "../catalogue";
import type { Editor } from "../EditorContext";
import { createEditor, type EditorOptions } from "../state/createEditor";
import type { Draft, DraftStorage } from "../state/drafts";
import type { Catalog, CatalogEntry, Problem, Report } from "../wire";

export function text(en: string, chinese = en): Text {
  return { en, "zh-CN": chinese };
}

interface EntryOptions {
  group?: string;
  inputs?: { min: number; max: number | null } | null;
  properties?: Record<string, Record<string, unknown>>;
  required?: string[];
  ranks?: number[];
}

export function entry(name: string, options: EntryOptions = {}): CatalogEntry {
  const {
    group = "basic",
    inputs = { min: 1, max: 1 },
    properties = {},
    required = [],
    ranks = null,
  } = options;
  return {
    name,
    group,
    summary: text(`About ${name}.`, `关于 ${name}。`),
    parameters: { type: "object", properties, required },
    ports: inputs && { inputs, outputs: 1 },
    ranks,
  };
}

const LAYER_A = entry("LayerA", {
  properties: {
    size: { type: "integer", minimum: 1, title: "Size", "x-widget": "int", "x-suggest": 8 },
    mode: { enum: ["plain", "fancy"], default: "plain", title: "Mode", "x-widget": "choice" },
    rate: {
      anyOf: [{ type: "number", exclusiveMinimum: 0 }, { type: "null" }],
      default: null,
      title: "Rate",
      "x-widget": "float",
    },
    bias: { type: "boolean", default: true, title: "Bias", "x-widget": "bool", "x-advanced": true },
  },
  required: ["size"],
  ranks: [2, 3],
});

export const CATALOG: Catalog = {
  version: "1",
  groups: [
    { id: "basic", label: text("Basic", "基础") },
    { id: "joining", label: text("Joining", "合并") },
  ],
  layers: [
    entry("Join", { group: "joining", inputs: { min: 2, max: null } }),
    entry("Start", { inputs: { min: 0, max: 0 } }),
    LAYER_A,
    entry("LayerB2D", {
      properties: {
        window: {
          type: "array",
          items: { type: "integer", minimum: 1 },
          minItems: 2,
          maxItems: 2,
          default: [2, 2],
          title: "Window",
          "x-widget": "size",
        },
      },
    }),
  ],
  losses: [entry("MeanValue", { inputs: null }), entry("OtherLoss", { inputs: null })],
  metrics: [entry("CloseEnough", { inputs: null }), entry("FarOff", { inputs: null })],
  optimizers: [
    entry("StepperOne", {
      inputs: null,
      properties: { pace: { type: "number", default: 0.01, title: "Pace", "x-widget": "float" } },
    }),
    entry("StepperTwo", { inputs: null }),
  ],
  schedules: [],
  callbacks: [],
};

export const CATALOGUE: Catalogue = indexCatalog(CATALOG);

export const TRAINING: TrainingDocument = { format: "lamina.training", version: 1, epochs: 3 };

export function documentOf(graph: GraphDocument = chain()): StudioDocument {
  return { graph, training: TRAINING };
}

export function chain(): GraphDocument {
  return graphOf("start: Start", "a: LayerA < start", "b: LayerA < a");
}

export function reportOf(problems: Partial<Problem>[] = [], nodes: Report["nodes"] = {}): Report {
  return {
    problems: problems.map((problem) => ({
      code: "test",
      severity: "error",
      message: "Something is wrong.",
      node: null,
      field: null,
      port: null,
      params: {},
      fixes: [],
      ...problem,
    })),
    nodes,
    totals: { parameters: 1250, trainable_parameters: 1250, macs: 34_600, bytes: 0 },
    fingerprint: null,
  };
}

/** Drafts in memory. */
export function memoryDrafts(): DraftStorage & { readonly kept: Map<string, Draft> } {
  const kept = new Map<string, Draft>();
  return {
    kept,
    read: (key) => kept.get(key) ?? null,
    write: (key, draft) => void kept.set(key, draft),
    remove: (key) => void kept.delete(key),
  };
}

/** An editor that asks nobody: a check never ends, models and runs are refused by not being there. */
export function testEditor(options: Partial<EditorOptions> = {}): Editor & { start(): () => void } {
  const unasked = () => Promise.reject(new Error("This test has no server."));
  return createEditor({
    catalogue: CATALOGUE,
    document: documentOf(),
    model: null,
    saved: null,
    draftKey: "new",
    drafts: memoryDrafts(),
    models: { create: unasked, replace: unasked, read: unasked },
    runs: { start: unasked, stop: unasked },
    check: () => new Promise(() => undefined),
    ...options,
  });
}
