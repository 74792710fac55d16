/**
 * Which nodes are outputs of the model, kept right while the graph is edited.
 *
 * The end of a chain is an output until something follows it; then the new end takes its place in the order. A node in
 * the middle that someone made an output on purpose stays one.
 */

import type { GraphDocument, Source } from "./document";
import { sameSource, source } from "./document";
import { descendants } from "./placement";
import { topologyOf } from "./topology";

function hasConsumers(graph: GraphDocument, id: string): boolean {
  return (topologyOf(graph).leaving.get(id)?.length ?? 0) > 0;
}

/** Whether a chain ends here: something goes in and nothing comes out. */
function isEnd(graph: GraphDocument, id: string): boolean {
  const node = topologyOf(graph).byId.get(id);
  return node !== undefined && node.inputs.length > 0 && !hasConsumers(graph, id);
}

/**
 * `after` with the outputs that follow from the change `before` → `after`.
 *
 * With `adopt` off, ends that are new are not made outputs: a pasted part waits until it is wired.
 */
export function settleOutputs(before: GraphDocument, after: GraphDocument, adopt = true): GraphDocument {
  const { byId } = topologyOf(after);
  const gaveWay = (id: string) =>
    !byId.has(id) ||
    (topologyOf(before).byId.has(id) && !hasConsumers(before, id) && hasConsumers(after, id));

  const kept = after.outputs.filter((output) => !gaveWay(output.node));
  const firstGone = after.outputs.findIndex((output) => gaveWay(output.node));
  const followers = new Set(
    after.outputs
      .filter((output) => gaveWay(output.node) && byId.has(output.node))
      .flatMap((output) => [...descendants(after, output.node)]),
  );
  const ends = after.nodes.map((node) => node.id).filter((id) => isEnd(after, id));
  const isNew = (id: string) => (adopt && !isEnd(before, id)) || followers.has(id);
  const isKept = (id: string) => kept.some((output) => output.node === id);
  const added = ends.filter((id) => isNew(id) && !isKept(id)).map((id) => source(id));

  const at = firstGone < 0 ? kept.length : Math.min(firstGone, kept.length);
  const settled = [...kept.slice(0, at), ...added, ...kept.slice(at)];
  const outputs = settled.length > 0 ? settled : ends.map((id) => source(id));
  return sameOutputs(outputs, after.outputs) ? after : { ...after, outputs };
}

function sameOutputs(a: readonly Source[], b: readonly Source[]): boolean {
  return a.length === b.length && a.every((output, index) => sameSource(output, b[index] as Source));
}

/** Make a node an output of the model, or no longer one. */
export function setOutput(graph: GraphDocument, id: string, on: boolean): GraphDocument {
  const others = graph.outputs.filter((output) => output.node !== id);
  if (on) {
    return others.length === graph.outputs.length && topologyOf(graph).byId.has(id)
      ? { ...graph, outputs: [...others, source(id)] }
      : graph;
  }
  return others.length === graph.outputs.length ? graph : { ...graph, outputs: others };
}
