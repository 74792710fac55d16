import { type RefObject, useEffect, useRef } from "react";
import { useIsCurrent } from "./useIsCurrent";

/**
 * Keeps the keyboard where problems are mended, though their fixes go with them.
 *
 * A fix that was pressed leads to what holds them all, and after the next check to the fix that stands in its place, or
 * to the last one.
 *
 * @param frame - What holds the problems and can take the focus itself.
 * @returns To be called when a fix has been pressed.
 */
export function useFocusAfterFix(frame: RefObject<HTMLElement | null>): () => void {
  const isCurrent = useIsCurrent();
  const place = useRef<number | null>(null);
  useEffect(() => {
    const at = place.current;
    if (!isCurrent || at === null) return;
    place.current = null;
    const holder = frame.current;
    // Whoever has gone on meanwhile is left alone.
    if (!holder || document.activeElement !== holder) return;
    const fixes = fixesIn(holder);
    (fixes[at] ?? fixes.at(-1))?.focus();
  }, [isCurrent, frame]);
  return () => {
    const holder = frame.current;
    if (!holder) return;
    // All fixes of a problem go together: what stood after them comes to the place of the first.
    const group = document.activeElement?.parentElement;
    place.current = Math.max(
      0,
      fixesIn(holder).findIndex((fix) => fix.parentElement === group),
    );
    holder.focus();
  };
}

function fixesIn(holder: HTMLElement): HTMLElement[] {
  return [...holder.querySelectorAll<HTMLElement>("[data-fix]")];
}
