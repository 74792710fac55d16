/** Reading and changing the training document. Its values are the server's to judge. */

import type { TrainingDocument } from "./document";
import { isObject, type Json, type JsonObject, sameJson } from "./json";

/** Something of a registry with its configuration, such as an optimizer: a name or `{type, config}`. */
export interface Choice {
  readonly type: string;
  readonly config: JsonObject;
}

export function readChoice(value: Json | undefined): Choice | null {
  if (typeof value === "string") return { type: value, config: {} };
  if (!isObject(value) || typeof value.type !== "string") return null;
  return { type: value.type, config: isObject(value.config) ? value.config : {} };
}

/** The shortest way to write a choice: its name when nothing is configured. */
export function writeChoice(choice: Choice): Json {
  return Object.keys(choice.config).length === 0 ? choice.type : { type: choice.type, config: choice.config };
}

/** Set one entry; `undefined` takes it away. */
export function setTraining(
  training: TrainingDocument,
  name: string,
  value: Json | undefined,
): TrainingDocument {
  if (sameJson(training[name], value)) return training;
  const { [name]: _old, ...others } = training;
  const next = value === undefined ? others : { ...training, [name]: value };
  return { ...next, format: "lamina.training", version: 1 };
}

/** Follow a node's new id where losses or metrics are given per output. */
export function renameInTraining(training: TrainingDocument, from: string, to: string): TrainingDocument {
  return ["loss", "metrics"].reduce((now, name) => {
    const byOutput = now[name];
    if (!isObject(byOutput) || !Object.hasOwn(byOutput, from) || readChoice(byOutput)) return now;
    const renamed = Object.entries(byOutput).map(([id, value]) => [id === from ? to : id, value] as const);
    return setTraining(now, name, Object.fromEntries(renamed));
  }, training);
}
