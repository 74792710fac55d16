import type { ComponentProps } from "react";

interface ScrollRegionProps extends Omit<ComponentProps<"section">, "tabIndex"> {
  "aria-label": string;
}

/** A part that scrolls by itself: named, and in the tab order, so that the keyboard can scroll it too. */
export function ScrollRegion(props: ScrollRegionProps) {
  // biome-ignore lint/a11y/noNoninteractiveTabindex: WCAG 2.1.1, a region that scrolls must be reachable by keyboard
  return <section {...props} tabIndex={0} />;
}
