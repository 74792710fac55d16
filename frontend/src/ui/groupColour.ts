/** How many colours `tokens.css` has for palette groups; further groups begin again. */
const COLOURS = 10;

/** For a type that the catalogue does not know. */
export const OTHER_COLOUR = "var(--lm-cat-10)";

/** The colour of a palette group, by its place in the catalogue. */
export function groupColour(index: number): string {
  return `var(--lm-cat-${(index % COLOURS) + 1})`;
}
