/** Names for new nodes. */

import { NODE_ID_PATTERN } from "@/generated";
import { snakeCase } from "./names";

/**
 * The words of a layer type in snake case, without the number of dimensions: `LayerB2D` → `layer_b`.
 *
 * Characters that an id cannot hold are dropped; a type of which nothing is left becomes `node`.
 */
export function stemOf(type: string): string {
  const words = snakeCase(type.replace(/\d+D(?=[A-Z]|$)/g, ""));
  const stem = words.replace(/[^a-z0-9_-]/g, "").slice(0, 48);
  return stem === "" ? "node" : stem;
}

/** The first of `n_<stem>_1`, `n_<stem>_2` … that is not in `taken`. */
export function makeId(type: string, taken: ReadonlySet<string>): string {
  const stem = stemOf(type);
  for (let count = 1; ; count += 1) {
    const id = `n_${stem}_${count}`;
    if (!taken.has(id)) return id;
  }
}

const ID = new RegExp(NODE_ID_PATTERN, "u");

export function isId(text: string): boolean {
  return ID.test(text);
}
