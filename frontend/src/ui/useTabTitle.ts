import { useEffect } from "react";

/** Names the browser's tab, so that the right one is found among many. */
export function useTabTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Lamina`;
  }, [title]);
}
