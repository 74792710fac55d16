/** The few parameters that a node shows. */

import type { Text } from "@/api/text";
import type { Json, JsonObject } from "@/graph/json";
import type { FieldSpec } from "../form/fieldSpec";

export interface KeyParameter {
  readonly name: string;
  readonly label: Text;
  readonly value: Json;
  /** Whether the value is a size, and not a list. */
  readonly isSize: boolean;
}

/**
 * What sets a layer apart: parameters that must be given and those that differ from their default.
 *
 * Of a layer that has none of them the first size is shown, such as that of a window.
 */
export function keyParameters(fields: readonly FieldSpec[], config: JsonObject): KeyParameter[] {
  const said = fields.filter((field) => field.required || config[field.name] !== undefined);
  const first = fields.find((field) => !field.advanced && field.widget === "size");
  const chosen = said.length > 0 || !first ? said : [first];
  return chosen.flatMap(({ name, label, widget, defaultValue }) => {
    const value = config[name] ?? defaultValue;
    // A shape that is given is the shape that comes out, which the node shows anyway.
    return value === undefined || value === null || widget === "shape"
      ? []
      : [{ name, label, value, isSize: widget === "size" }];
  });
}
