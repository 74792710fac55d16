import { useReactFlow } from "@xyflow/react";
import { type RefObject, useEffect, useLayoutEffect, useMemo } from "react";
import type { Point } from "@/graph/document";
import { NODE_WIDTH } from "@/graph/placement";
import { topologyOf } from "@/graph/topology";
import { type CanvasPort, useEditor, useView } from "../EditorContext";
import { currentDocument } from "../state/documentStore";
import type { LayerFlowEdge, LayerFlowNode } from "./flow";
import { useAutoLayout } from "./useAutoLayout";
import type { useKeepFitted } from "./useKeepFitted";

type Fitted = ReturnType<typeof useKeepFitted>;

const MOVE_MS = 180;
/** Distance from the rim at which a node still counts as in view, in screen pixels. */
const RIM = 24;
const FRAMES_TO_WAIT = 20;

/** Lend the canvas to the editor: where points lie, and what brings nodes into view. */
export function useCanvasPort(frame: RefObject<HTMLElement | null>, fitted: Fitted): CanvasPort {
  const editor = useEditor();
  const flow = useReactFlow<LayerFlowNode, LayerFlowEdge>();
  const { fit, release } = fitted;
  const arrange = useAutoLayout(fit);

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
      fit: () => fit(MOVE_MS),
      zoom(factor) {
        release();
        void flow.zoomTo(flow.getZoom() * factor, { duration: MOVE_MS });
      },
      arrange,
    };
  }, [editor, flow, frame, arrange, fit, release]);

  useEffect(() => {
    editor.canvas.current = port;
    return () => {
      editor.canvas.current = null;
    };
  }, [editor, port]);

  useReveal(frame, release);
  return port;
}

/** Bring a node into view when it is asked for, and give it the keyboard. */
function useReveal(frame: RefObject<HTMLElement | null>, release: () => void): void {
  const flow = useReactFlow<LayerFlowNode, LayerFlowEdge>();
  const reveal = useView((state) => state.reveal);

  // While the page is drawn: what is focused then has asked for it, and keys that follow may lead on before the frame.
  useLayoutEffect(() => {
    if (reveal.count === 0) return;
    let request = 0;
    const focused = document.activeElement;
    const attempt = (left: number) => {
      const element = frame.current?.querySelector(`.react-flow__node[data-id="${CSS.escape(reveal.id)}"]`);
      // A node that was just added is in the page, and no longer hidden, some frames from now.
      const isShown = element instanceof HTMLElement && element.style.visibility !== "hidden";
      if (!isShown) {
        if (left > 0) request = requestAnimationFrame(() => attempt(left - 1));
        return;
      }
      // Who went on to a field stays there.
      const stays = document.activeElement !== focused && document.activeElement instanceof HTMLInputElement;
      if (reveal.focus && !stays) element.focus({ preventScroll: true });
      const outer = frame.current?.getBoundingClientRect();
      if (!outer) return;
      const { x, y } = shiftInto(element.getBoundingClientRect(), outer);
      if (x === 0 && y === 0) return;
      release();
      const { zoom, ...corner } = flow.getViewport();
      void flow.setViewport({ x: corner.x + x, y: corner.y + y, zoom }, { duration: MOVE_MS });
    };
    request = requestAnimationFrame(() => attempt(FRAMES_TO_WAIT));
    return () => cancelAnimationFrame(request);
  }, [reveal, flow, frame, release]);
}

/** How far the canvas must move, in pixels, for `inner` to lie within `outer`. */
function shiftInto(inner: DOMRect, outer: DOMRect): Point {
  const along = (start: number, end: number, low: number, high: number) =>
    start < low + RIM ? low + RIM - start : Math.min(0, high - RIM - end);
  return {
    x: along(inner.left, inner.right, outer.left, outer.right),
    y: along(inner.top, inner.bottom, outer.top, outer.bottom),
  };
}
