import { type OnMove, type Rect, useReactFlow, type Viewport } from "@xyflow/react";
import { type RefObject, useCallback, useEffect, useRef } from "react";
import { NODE_WIDTH } from "@/graph/placement";
import { useEditor } from "../EditorContext";

/** Below this, what is written on a node is too small to read: rather a part of the graph is shown. */
const READABLE_ZOOM = 0.75;
export const FIT = { padding: 0.12, minZoom: READABLE_ZOOM, maxZoom: 1 };
/** Someone who asks for the whole graph gets it. */
const WHOLE = { padding: 0.12, maxZoom: 1 };
/** Distance kept from the rim, in screen pixels. */
const RIM = 32;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Whether all of what `bounds` spans, in the canvas' units, is seen in a frame of this size, in screen pixels. */
export function isInView(bounds: Rect, { x, y, zoom }: Viewport, frame: Size): boolean {
  const [left, top] = [bounds.x * zoom + x, bounds.y * zoom + y];
  const [right, bottom] = [left + bounds.width * zoom, top + bounds.height * zoom];
  return bounds.height > 0 && left >= 0 && top >= 0 && right <= frame.width && bottom <= frame.height;
}

/**
 * Keep the graph in view, the whole of it where it was, while the canvas changes its size, such as when the dock opens.
 *
 * It ends when someone moves the canvas by hand, and begins again with the next fit.
 */
export function useKeepFitted(frame: RefObject<HTMLElement | null>) {
  const { actions } = useEditor();
  const flow = useReactFlow();
  const isFitted = useRef(true);

  /** Bring the node that is worked on into view, where not all of them fit. */
  const keepInView = useCallback(() => {
    const node = flow.getInternalNode(actions.tail() ?? "");
    const size = frame.current?.getBoundingClientRect();
    if (!node || !size) return;
    const { x, y, zoom } = flow.getViewport();
    const at = node.internals.positionAbsolute;
    const along = (start: number, length: number, room: number) =>
      Math.max(RIM - start, Math.min(0, room - RIM - start - length));
    const right = along(at.x * zoom + x, (node.measured.width ?? NODE_WIDTH) * zoom, size.width);
    const down = along(at.y * zoom + y, (node.measured.height ?? 0) * zoom, size.height);
    if (right !== 0 || down !== 0) void flow.setViewport({ x: x + right, y: y + down, zoom });
  }, [actions, flow, frame]);

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    let before: Size | null = null;
    const observer = new ResizeObserver(() => {
      const size = { width: element.clientWidth, height: element.clientHeight };
      const wasWhole =
        before !== null && isInView(flow.getNodesBounds(flow.getNodes()), flow.getViewport(), before);
      const isSmaller = before !== null && (size.width < before.width || size.height < before.height);
      before = size;
      if (flow.getNodes().length === 0) {
        // The first layer that is pressed stands at the origin: in the middle above.
        void flow.setViewport({ x: (size.width - NODE_WIDTH) / 2, y: 2 * RIM, zoom: 1 });
        return;
      }
      // Who saw the whole graph goes on seeing it, also where it was moved by hand: rather small than cut off.
      if (wasWhole && isSmaller) isFitted.current = true;
      if (!isFitted.current) return;
      if (wasWhole) void flow.fitView(WHOLE);
      else void flow.fitView(FIT).then(keepInView);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame, flow, keepInView]);

  const fit = useCallback(
    (duration: number) => {
      isFitted.current = true;
      void flow.fitView({ ...WHOLE, duration });
    },
    [flow],
  );
  // Moves by program come without an event.
  const onMove: OnMove = useCallback((event) => {
    if (event) isFitted.current = false;
  }, []);
  const release = useCallback(() => {
    isFitted.current = false;
  }, []);
  return { fit, onMove, release };
}
