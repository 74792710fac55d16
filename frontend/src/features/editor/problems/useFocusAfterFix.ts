import { type RefObject, useEffect, useRef } from "react";
import { useIsCurrent } from "./useIsCurrent";

/**
 * Keeps the keyboard in a list of problems whose rows go when they are mended.
 *
 * A fix that was pressed leads to the list itself, and after the next check to the fix that stands there now, or to the
 * list's last.
 *
 * @param list - What can take the focus itself; its rows are list items.
 * @returns To be called with the position of the row whose fix was pressed.
 */
export function useFocusAfterFix(list: RefObject<HTMLElement | null>): (row: number) => void {
  const isCurrent = useIsCurrent();
  const mended = useRef<number | null>(null);
  useEffect(() => {
    const row = mended.current;
    if (!isCurrent || row === null) return;
    mended.current = null;
    // Whoever has gone on meanwhile is left alone.
    if (document.activeElement !== list.current) return;
    const rows = [...(list.current?.querySelectorAll("li") ?? [])];
    const fixOf = (item: Element) => item.querySelector<HTMLElement>("[data-fix]");
    const next = rows.slice(row).find(fixOf) ?? rows.findLast(fixOf);
    if (next) fixOf(next)?.focus();
  }, [isCurrent, list]);
  return (row) => {
    mended.current = row;
    list.current?.focus();
  };
}
