import { type OnMove, useReactFlow } from "@xyflow/react";
import { type RefObject, useCallback, useEffect, useRef } from "react";

export const FIT = { padding: 0.12, maxZoom: 1 };

/**
 * Keep the whole graph in view while the canvas changes its size, such as when the dock opens.
 *
 * It ends when someone moves the canvas by hand, and begins again with the next fit.
 */
export function useKeepFitted(frame: RefObject<HTMLElement | null>) {
  const flow = useReactFlow();
  const isFitted = useRef(true);

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      if (isFitted.current) void flow.fitView(FIT);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame, flow]);

  const fit = useCallback(
    (duration: number) => {
      isFitted.current = true;
      void flow.fitView({ ...FIT, duration });
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
