/** What a form control needs to know, read from one property of a JSON Schema. */

import { bilingual, type Text } from "@/api/text";
import { isObject, type Json, type JsonObject, sameJson } from "@/graph/json";

export type Widget = "int" | "float" | "bool" | "choice" | "size" | "sides" | "shape" | "text";

export interface FieldSpec {
  readonly name: string;
  readonly label: Text;
  readonly doc: Text | null;
  readonly widget: Widget;
  readonly advanced: boolean;
  readonly required: boolean;
  readonly nullable: boolean;
  readonly defaultValue: Json | undefined;
  /** A value to start from where one must be given. */
  readonly suggestion: Json | undefined;
  readonly choices: readonly Json[];
  readonly minimum: number | null;
  readonly maximum: number | null;
  /** Whether the bounds themselves are excluded. */
  readonly above: boolean;
  readonly below: boolean;
  /** Number of parts of a size; null for a list of any length. */
  readonly length: number | null;
  /** Whether a text stands for a list, or for one value: numbers, or words. */
  readonly isList: boolean;
}

/** Whether a value is what holds without it, also where it is written down. */
export function isDefault(spec: FieldSpec, value: Json | undefined): boolean {
  return value === undefined || sameJson(value, spec.defaultValue);
}

const WIDGETS: readonly string[] = [
  "int",
  "float",
  "bool",
  "choice",
  "size",
  "sides",
  "shape",
  "text",
] satisfies Widget[];

function isWidget(value: unknown): value is Widget {
  return typeof value === "string" && WIDGETS.includes(value);
}

/** A property's own keywords, then those of its alternatives (`anyOf`), then those of a list's items. */
function* schemasIn(property: JsonObject): Generator<JsonObject> {
  yield property;
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    const alternatives = property[key];
    if (!Array.isArray(alternatives)) continue;
    for (const alternative of alternatives) if (isObject(alternative)) yield* schemasIn(alternative);
  }
}

function widgetOf(schemas: readonly JsonObject[]): Widget {
  const said = schemas.map((schema) => schema["x-widget"]).find(isWidget);
  if (said) return said;
  if (schemas.some((schema) => Array.isArray(schema.enum) || schema.const !== undefined)) return "choice";
  const types = new Set(schemas.map((schema) => schema.type));
  if (types.has("array")) return "shape";
  if (types.has("number")) return "float";
  if (types.has("integer")) return "int";
  return types.has("boolean") ? "bool" : "text";
}

function choicesOf(schemas: readonly JsonObject[]): Json[] {
  const choices = schemas.flatMap((schema): Json[] => {
    if (Array.isArray(schema.enum)) return schema.enum;
    return schema.const === undefined ? [] : [schema.const];
  });
  return choices.filter((choice, index) => choice !== null && choices.indexOf(choice) === index);
}

function allowsNull(schemas: readonly JsonObject[]): boolean {
  return schemas.some(
    (schema) =>
      schema.type === "null" ||
      (Array.isArray(schema.type) && schema.type.includes("null")) ||
      (Array.isArray(schema.enum) && schema.enum.includes(null)),
  );
}

function numberAt(schemas: readonly JsonObject[], key: string): number | null {
  const found = schemas.map((schema) => schema[key]).find((value) => typeof value === "number");
  return typeof found === "number" ? found : null;
}

function suggestionOf(property: JsonObject): Json | undefined {
  const [example] = Array.isArray(property.examples) ? property.examples : [];
  return property["x-suggest"] ?? example;
}

function readField(name: string, property: JsonObject, required: boolean): FieldSpec {
  const schemas = [...schemasIn(property)];
  const items = schemas.map((schema) => schema.items).filter(isObject);
  const bounded = [...schemas, ...items.flatMap((item) => [...schemasIn(item)])];
  const [above, below] = [numberAt(bounded, "exclusiveMinimum"), numberAt(bounded, "exclusiveMaximum")];
  const prefix = schemas.map((schema) => schema.prefixItems).find(Array.isArray);
  const widget = widgetOf(schemas);
  return {
    name,
    label: bilingual(property["x-label"]) ?? bilingual(property.title) ?? { en: name, "zh-CN": name },
    doc: bilingual(property["x-doc"]),
    widget,
    advanced: property["x-advanced"] === true,
    required,
    nullable: allowsNull(schemas),
    defaultValue: property.default,
    suggestion: suggestionOf(property),
    choices: choicesOf(schemas),
    minimum: above ?? numberAt(bounded, "minimum"),
    maximum: below ?? numberAt(bounded, "maximum"),
    above: above !== null,
    below: below !== null,
    length: prefix?.length ?? numberAt(schemas, "maxItems"),
    isList: widget === "text" && schemas.some((schema) => schema.type === "array"),
  };
}

/** The fields of an object schema, in its order. What is no object schema has none. */
export function fieldsIn(schema: unknown): FieldSpec[] {
  if (!isObject(schema) || !isObject(schema.properties)) return [];
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(schema.properties).flatMap(([name, property]) =>
    isObject(property) ? [readField(name, property, required.includes(name))] : [],
  );
}
