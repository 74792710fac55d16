import { type PointerEvent as ReactPointerEvent, useCallback, useEffect, useRef, useState } from "react";
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
  const moved = useRef(false);
  /** Ends the drag that is under way. */
  const stop = useRef<() => void>(undefined);
  useEffect(() => () => stop.current?.(), []);

  const onPointerDown = useCallback(
    (down: ReactPointerEvent) => {
      if (down.button !== 0) return;
      const listening = new AbortController();
      const { signal } = listening;
      moved.current = false;
      stop.current = () => {
        listening.abort();
        setAt(null);
        if (view.getState().edgeUnderDrag !== null) view.setState({ edgeUnderDrag: null });
      };
      const isOther = (event: PointerEvent) => event.pointerId !== down.pointerId;

      const onMove = (event: PointerEvent) => {
        if (isOther(event)) return;
        const here = { x: event.clientX, y: event.clientY };
        moved.current ||= Math.hypot(here.x - down.clientX, here.y - down.clientY) >= THRESHOLD;
        if (!moved.current) return;
        setAt(here);
        const edge = canvas.current?.edgeAt(here)?.id ?? null;
        if (view.getState().edgeUnderDrag !== edge) view.setState({ edgeUnderDrag: edge });
      };
      const onUp = (event: PointerEvent) => {
        if (isOther(event)) return;
        stop.current?.();
        const here = { x: event.clientX, y: event.clientY };
        const port = canvas.current;
        if (!moved.current || !port?.contains(here)) return;
        const edge = port.edgeAt(here);
        if (edge) actions.insertOnEdge(type, { target: edge.target, port: edge.port });
        else actions.addAt(type, cornerAround(port.toCanvas(here)));
      };
      const onKeyDown = (event: KeyboardEvent) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        stop.current?.();
      };
      window.addEventListener("pointermove", onMove, { signal });
      window.addEventListener("pointerup", onUp, { signal });
      window.addEventListener("pointercancel", () => stop.current?.(), { signal });
      window.addEventListener("keydown", onKeyDown, { signal, capture: true });
    },
    [actions, canvas, view, type],
  );
  return { at, onPointerDown, wasClick: () => !moved.current };
}

/** Upper left corner of a node whose middle is at `centre`. */
function cornerAround(centre: Point): Point {
  return { x: Math.round(centre.x - NODE_WIDTH / 2), y: Math.round(centre.y - NODE_HEIGHT / 2) };
}
