/** Automatic layout, away from the main thread: a large graph takes seconds. */

import { Graph, layout } from "@dagrejs/dagre";
import type { Point } from "@/graph/document";
import type { LayoutInput } from "@/graph/placement";

export interface LayoutRequest {
  readonly input: LayoutInput;
}

export interface LayoutAnswer {
  readonly positions: Record<string, Point>;
}

function arrange({ nodes, edges }: LayoutInput): Record<string, Point> {
  const graph = new Graph();
  graph.setGraph({ rankdir: "TB", nodesep: 40, ranksep: 48 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height });
  for (const { source, target } of edges) graph.setEdge(source, target);
  layout(graph);
  return Object.fromEntries(
    nodes.map(({ id, width, height }) => {
      const { x = 0, y = 0 } = graph.node(id) as { x?: number; y?: number };
      return [id, { x: Math.round(x - width / 2), y: Math.round(y - height / 2) }];
    }),
  );
}

self.addEventListener("message", (event: MessageEvent<LayoutRequest>) => {
  const answer: LayoutAnswer = { positions: arrange(event.data.input) };
  self.postMessage(answer);
});
