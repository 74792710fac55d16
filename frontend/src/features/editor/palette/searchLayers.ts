/** Finding layers by name, by initials and by what they are for, in either language. */

import type { LayerType } from "../catalogue";

/** How well a layer answers a query: higher is better, 0 is not at all. */
function score({ entry }: LayerType, query: string): number {
  const name = entry.name.toLowerCase();
  if (name === query) return 5;
  if (name.startsWith(query)) return 4;
  const initials = entry.name.replace(/[^A-Z0-9]/g, "").toLowerCase();
  if (initials.startsWith(query)) return 3;
  if (name.includes(query)) return 2;
  const words = `${entry.summary.en} ${entry.summary["zh-CN"]} ${entry.group}`.toLowerCase();
  return words.includes(query) ? 1 : 0;
}

/** The layers that answer a query, the best first. An empty query leaves them as they are. */
export function searchLayers(layers: readonly LayerType[], query: string): readonly LayerType[] {
  const wanted = query.trim().toLowerCase();
  if (wanted === "") return layers;
  return layers
    .map((layer) => ({ layer, rank: score(layer, wanted) }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank)
    .map(({ layer }) => layer);
}
