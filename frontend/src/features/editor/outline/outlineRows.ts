/** The graph as rows of a tree: each layer from the inputs on, and under it what it is joined to. */

import type { GraphDocument } from "@/graph/document";
import { predecessors, successors, topologicalOrder, topologyOf } from "@/graph/topology";

export type OutlineRow =
  | {
      readonly kind: "layer";
      readonly key: string;
      readonly id: string;
      readonly type: string;
      readonly isOpen: boolean;
    }
  | { readonly kind: "from" | "to"; readonly key: string; readonly id: string; readonly parent: string };

export function outlineRows(graph: GraphDocument, open: ReadonlySet<string>): OutlineRow[] {
  const { byId } = topologyOf(graph);
  return topologicalOrder(graph).flatMap((id): OutlineRow[] => {
    const isOpen = open.has(id);
    const layer: OutlineRow = { kind: "layer", key: id, id, type: byId.get(id)?.type ?? "", isOpen };
    if (!isOpen) return [layer];
    return [
      layer,
      ...predecessors(graph, id).map(
        (from) => ({ kind: "from", key: `${id} from ${from}`, id: from, parent: id }) as const,
      ),
      ...successors(graph, id).map(
        (to) => ({ kind: "to", key: `${id} to ${to}`, id: to, parent: id }) as const,
      ),
    ];
  });
}
