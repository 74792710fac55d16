import { useReactFlow } from "@xyflow/react";
import { type RefObject, useEffect, useMemo } from "react";
import { NODE_HEIGHT, NODE_WIDTH } from "@/graph/placement";
import { topologyOf } from "@/graph/topology";
import { type CanvasPort, useEditor, useView } from "../EditorContext";
import { currentDocument } from "../state/documentStore";
import type { LayerFlowEdge, LayerFlowNode } from "./flow";
import { useAutoLayout } from "./useAutoLayout";

const MOVE_MS = 180;
/** Distance from the rim at which a node still counts as in view, in screen pixels. */
const RIM = 24;

/** Lend the canvas to the editor: where points lie, and what brings nodes into view. */
export function useCanvasPort(frame: RefObject<HTMLElement | null>): CanvasPort {
  const editor = useEditor();
  const flow = useReactFlow<LayerFlowNode, LayerFlowEdge>();
  const arrange = useAutoLayout();

  const port = useMemo<CanvasPort>(() => {
    const bounds = () => frame.current?.getBoundingClientRect() ?? new DOMRect();
    return {
      contains({ x, y }) {
        const element = document.elementFromPoint(x, y);
        return element !== null && frame.current?.contains(element) === true;
      },
      toCanvas: (at) => flow.screenToFlowPosition(at),
      edgeAt({ x, y }) {
        const edges = document.elementsFromPoint(x, y).map((element) => element.closest(".react-flow__edge"));
        const id = edges.find((edge) => edge !== null)?.getAttribute("data-id");
        const { graph } = currentDocument(editor.document.getState());
        return topologyOf(graph).edges.find((edge) => edge.id === id) ?? null;
      },
      middle() {
        const { left, top, width, height } = bounds();
        return { x: left + width / 2, y: top + height / 2 };
      },
      placeOf(id) {
        const node = flow.getInternalNode(id);
        if (!node) return null;
        const { x, y } = node.internals.positionAbsolute;
        return flow.flowToScreenPosition({ x: x + NODE_WIDTH, y });
      },
      fit: () => void flow.fitView({ padding: 0.14, maxZoom: 1, duration: MOVE_MS }),
      zoom: (factor) => void flow.zoomTo(flow.getZoom() * factor, { duration: MOVE_MS }),
      arrange,
    };
  }, [editor, flow, frame, arrange]);

  useEffect(() => {
    editor.canvas.current = port;
    return () => {
      editor.canvas.current = null;
    };
  }, [editor, port]);

  const reveal = useView((state) => state.reveal);
  useEffect(() => {
    if (reveal.count === 0) return;
    // The node may have been added a moment ago: it is in the page after the next frame.
    const request = requestAnimationFrame(() => {
      const { graph } = currentDocument(editor.document.getState());
      const point = graph.layout[reveal.id];
      if (!point) return;
      if (reveal.focus) {
        const element = frame.current?.querySelector(`.react-flow__node[data-id="${CSS.escape(reveal.id)}"]`);
        if (element instanceof HTMLElement) element.focus({ preventScroll: true });
      }
      const { left, top, right, bottom } = frame.current?.getBoundingClientRect() ?? new DOMRect();
      const start = flow.flowToScreenPosition(point);
      const end = flow.flowToScreenPosition({ x: point.x + NODE_WIDTH, y: point.y + NODE_HEIGHT });
      const isSeen =
        start.x > left + RIM && start.y > top + RIM && end.x < right - RIM && end.y < bottom - RIM;
      if (isSeen) return;
      void flow.setCenter(point.x + NODE_WIDTH / 2, point.y + NODE_HEIGHT / 2, {
        zoom: flow.getZoom(),
        duration: MOVE_MS,
      });
    });
    return () => cancelAnimationFrame(request);
  }, [reveal, editor, flow, frame]);

  return port;
}
