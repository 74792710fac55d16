/** The layer catalogue, indexed: all that the canvas, the palette and the forms know about a layer type. */

import type { InputCount } from "@/graph/commands";
import type { JsonObject } from "@/graph/json";
import { defaultsIn } from "@/graph/normalize";
import { groupColour, OTHER_COLOUR } from "@/ui/groupColour";
import { type FieldSpec, fieldsIn } from "./form/fieldSpec";
import type { Catalog, CatalogEntry } from "./wire";

export interface LayerType {
  readonly entry: CatalogEntry;
  readonly inputs: InputCount;
  readonly outputs: number;
  /** Numbers of axes, with the batch, of tensors that it can take; null where nobody said. */
  readonly ranks: readonly number[] | null;
  readonly fields: readonly FieldSpec[];
  readonly defaults: JsonObject;
  /** Configuration of a layer that is new on the canvas: what must be given, as far as the catalogue suggests it. */
  readonly start: JsonObject;
  /** A CSS colour that stands for the group. */
  readonly colour: string;
}

export interface Catalogue {
  readonly groups: Catalog["groups"];
  /** In palette order: by group, then as the server lists them. */
  readonly layers: readonly LayerType[];
  readonly losses: readonly CatalogEntry[];
  readonly metrics: readonly CatalogEntry[];
  readonly optimizers: readonly CatalogEntry[];
  layer(type: string): LayerType | undefined;
  inputsOf(type: string): InputCount;
  defaultsOf(type: string): JsonObject;
}

/** A type that the catalogue does not know may be wired in any way; the server says what is wrong with it. */
const ANY_INPUTS: InputCount = { min: 0, max: null };

export function indexCatalog(catalog: Catalog): Catalogue {
  const rank = new Map(catalog.groups.map((group, index) => [group.id, index]));
  const rankOf = (group: string) => rank.get(group) ?? catalog.groups.length;
  const layers = [...catalog.layers]
    .sort((a, b) => rankOf(a.group) - rankOf(b.group))
    .map((entry): LayerType => {
      const fields = fieldsIn(entry.parameters);
      return {
        entry,
        inputs: { min: entry.ports?.inputs.min ?? 1, max: maxInputs(entry) },
        outputs: entry.ports?.outputs ?? 1,
        ranks: entry.ranks,
        fields,
        defaults: defaultsIn(entry.parameters),
        start: Object.fromEntries(
          fields.flatMap(({ name, suggestion }) =>
            suggestion === undefined ? [] : [[name, suggestion] as const],
          ),
        ),
        colour: rank.has(entry.group) ? groupColour(rankOf(entry.group)) : OTHER_COLOUR,
      };
    });
  const byName = new Map(layers.map((layer) => [layer.entry.name, layer]));
  return {
    groups: catalog.groups,
    layers,
    losses: catalog.losses,
    metrics: catalog.metrics,
    optimizers: catalog.optimizers,
    layer: (type) => byName.get(type),
    inputsOf: (type) => byName.get(type)?.inputs ?? ANY_INPUTS,
    defaultsOf: (type) => byName.get(type)?.defaults ?? {},
  };
}

function maxInputs(entry: CatalogEntry): number | null {
  if (!entry.ports) return 1;
  return entry.ports.inputs.max ?? null;
}

/** The layers, those first that can take a tensor of so many axes; the order stays as it is otherwise. */
export function fittingFirst(layers: readonly LayerType[], rank: number | undefined): readonly LayerType[] {
  if (rank === undefined) return layers;
  const fits = ({ ranks }: LayerType) => ranks === null || ranks.includes(rank);
  return [...layers.filter(fits), ...layers.filter((layer) => !fits(layer))];
}

/** How many input handles a type shows: one for each port, or one for all where any number is taken. */
export function handleCount(inputs: InputCount): number {
  return inputs.max ?? 1;
}
