import { type OnMove, useReactFlow } from "@xyflow/react";
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

/**
 * Keep the graph in view while the canvas changes its size, such as when the dock opens.
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
    const observer = new ResizeObserver(() => {
      if (isFitted.current) void flow.fitView(FIT).then(keepInView);
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
