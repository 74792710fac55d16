import { type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Point } from "@/graph/document";
import { NODE_HEIGHT, NODE_WIDTH } from "@/graph/placement";
import { useEditor } from "../EditorContext";

/** Movement, in pixels, from which a press is a drag. */
const THRESHOLD = 5;

/**
 * Dragging a layer from the palette with pointer events, on a real button.
 *
 * Let go over the canvas it is placed there, over an edge it goes into it, anywhere else or after Escape nothing
 * happens. A press without movement stays a click.
 */
export function usePaletteDrag(type: string) {
  const { actions, canvas, view } = useEditor();
  const [at, setAt] = useState<Point | null>(null);
  const start = useRef<Point | null>(null);
  const moved = useRef(false);
  const isDragging = at !== null;

  const handlers = useMemo(() => {
    const stop = () => {
      start.current = null;
      setAt(null);
      if (view.getState().edgeUnderDrag !== null) view.setState({ edgeUnderDrag: null });
    };
    return {
      onPointerDown(event: PointerEvent<HTMLElement>) {
        if (event.button !== 0) return;
        start.current = { x: event.clientX, y: event.clientY };
        moved.current = false;
      },
      onPointerMove(event: PointerEvent<HTMLElement>) {
        const from = start.current;
        if (!from) return;
        const here = { x: event.clientX, y: event.clientY };
        if (!moved.current) {
          if (Math.hypot(here.x - from.x, here.y - from.y) < THRESHOLD) return;
          moved.current = true;
          event.currentTarget.setPointerCapture(event.pointerId);
        }
        setAt(here);
        const edge = canvas.current?.edgeAt(here)?.id ?? null;
        if (view.getState().edgeUnderDrag !== edge) view.setState({ edgeUnderDrag: edge });
      },
      onPointerUp(event: PointerEvent<HTMLElement>) {
        const wasDrag = start.current !== null && moved.current;
        const here = { x: event.clientX, y: event.clientY };
        stop();
        const port = canvas.current;
        if (!wasDrag || !port?.contains(here)) return;
        const centre = port.toCanvas(here);
        const place = { x: Math.round(centre.x - NODE_WIDTH / 2), y: Math.round(centre.y - NODE_HEIGHT / 2) };
        const edge = port.edgeAt(here);
        if (edge) actions.insertOnEdge(type, { target: edge.target, port: edge.port });
        else actions.addAt(type, place);
      },
      onPointerCancel: stop,
    };
  }, [actions, canvas, view, type]);

  useEffect(() => {
    if (!isDragging) return;
    const cancel = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      handlers.onPointerCancel();
    };
    window.addEventListener("keydown", cancel, true);
    return () => window.removeEventListener("keydown", cancel, true);
  }, [isDragging, handlers]);

  return { at, handlers, wasClick: () => !moved.current };
}
