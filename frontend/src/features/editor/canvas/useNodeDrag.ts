import type { OnNodeDrag } from "@xyflow/react";
import { useMemo } from "react";
import { nodeById, topologyOf } from "@/graph/topology";
import { type CanvasPort, useEditor } from "../EditorContext";
import { currentDocument } from "../state/documentStore";
import type { LayerFlowNode } from "./flow";

interface NodeDrag {
  onStart: OnNodeDrag<LayerFlowNode>;
  onMove: OnNodeDrag<LayerFlowNode>;
  onStop: OnNodeDrag<LayerFlowNode>;
}

/** A drag of nodes is one step of undo. A node that is wired to nothing can be let go on an edge. */
export function useNodeDrag(port: CanvasPort): NodeDrag {
  const { document, view, actions, catalogue } = useEditor();
  return useMemo(() => {
    const fitsOnEdge = (nodes: readonly LayerFlowNode[]) => {
      const { graph } = currentDocument(document.getState());
      const [only, another] = nodes;
      const node = only && !another ? nodeById(graph, only.id) : undefined;
      const isLoose = node && node.inputs.length === 0 && !topologyOf(graph).leaving.has(node.id);
      return isLoose === true && catalogue.inputsOf(node?.type ?? "").max !== 0;
    };
    const edgeUnder = (event: MouseEvent | TouchEvent, nodes: readonly LayerFlowNode[]) => {
      if (!fitsOnEdge(nodes)) return null;
      const touch = "changedTouches" in event ? event.changedTouches[0] : event;
      const edge = touch ? port.edgeAt({ x: touch.clientX, y: touch.clientY }) : null;
      return edge && edge.source !== nodes[0]?.id && edge.target !== nodes[0]?.id ? edge : null;
    };
    const mark = (id: string | null) => {
      if (view.getState().edgeUnderDrag !== id) view.setState({ edgeUnderDrag: id });
    };
    return {
      onStart: () => document.getState().begin(),
      onMove: (event, _node, nodes) => mark(edgeUnder(event, nodes)?.id ?? null),
      onStop: (event, _node, nodes) => {
        mark(null);
        const edge = edgeUnder(event, nodes);
        actions.drop(
          Object.fromEntries(nodes.map((node) => [node.id, roundPoint(node.position)])),
          edge ? { target: edge.target, port: edge.port } : null,
        );
        document.getState().end();
      },
    };
  }, [document, view, actions, catalogue, port]);
}

/** Whole pixels, so that a document does not fill with digits that nobody sees. */
function roundPoint({ x, y }: { x: number; y: number }) {
  return { x: Math.round(x), y: Math.round(y) };
}
