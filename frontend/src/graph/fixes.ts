/** A problem's fix, applied to the document it is meant for. */

import type { GraphDocument, StudioDocument, TrainingDocument } from "./document";
import { readGraph, readTraining } from "./document";
import { isObject, type Json } from "./json";
import { applyPatch, PatchError, readPatch } from "./patch";
import { placeMissing } from "./placement";

export interface Fix {
  readonly target: "graph" | "training";
  readonly patch: unknown;
}

/**
 * The documents after a fix; nodes that it adds get a place.
 *
 * Raises `PatchError` when the fix was made for another state of the document.
 */
export function applyFix(document: StudioDocument, fix: Fix): StudioDocument {
  const operations = readPatch(fix.patch);
  if (fix.target === "graph") {
    const graph = readGraph(applyPatch(toJson(document.graph), operations));
    if (!graph) throw new PatchError("the fix does not leave a graph document");
    return { ...document, graph: placeMissing(graph) };
  }
  const training = readTraining(applyPatch(document.training, operations));
  if (!training) throw new PatchError("the fix does not leave a training document");
  return { ...document, training };
}

/** A document as the plain JSON it is; copied, since its type is closed and JSON's is open. */
export function toJson(document: GraphDocument | TrainingDocument): Json {
  const value: unknown = JSON.parse(JSON.stringify(document));
  if (!isObject(value)) throw new PatchError("a document is an object");
  return value;
}
