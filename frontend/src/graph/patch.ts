/** RFC 6902 JSON Patch on immutable values: how a problem's fix changes a document. */

import { isObject, type Json, type JsonObject, sameJson } from "./json";

export type PatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly from: string; readonly path: string };

/** A patch that does not fit the document it is applied to. The document is left as it was. */
export class PatchError extends Error {
  override readonly name = "PatchError";
}

/** `document` with all operations applied, or a `PatchError` and no change. */
export function applyPatch(document: Json, patch: readonly PatchOperation[]): Json {
  return patch.reduce(applyOperation, document);
}

/** Operations out of wire data; raises `PatchError` for what is no operation. */
export function readPatch(value: unknown): PatchOperation[] {
  if (!Array.isArray(value)) throw new PatchError("a patch is a list of operations");
  return value.map(readOperation);
}

function readOperation(value: unknown): PatchOperation {
  if (!isObject(value) || typeof value.path !== "string") throw new PatchError("an operation needs a path");
  const { op, path, from } = value;
  switch (op) {
    case "add":
    case "replace":
    case "test":
      if (value.value === undefined) throw new PatchError(`${op} ${path} needs a value`);
      return { op, path, value: value.value };
    case "remove":
      return { op, path };
    case "move":
    case "copy":
      if (typeof from !== "string") throw new PatchError(`${op} ${path} needs a "from"`);
      return { op, path, from };
    default:
      throw new PatchError(`unknown operation ${JSON.stringify(op)}`);
  }
}

function applyOperation(document: Json, operation: PatchOperation): Json {
  const path = parsePointer(operation.path);
  switch (operation.op) {
    case "add":
      return put(document, path, operation.value, "add");
    case "replace":
      return put(document, path, operation.value, "replace");
    case "remove":
      return take(document, path);
    case "move": {
      const from = parsePointer(operation.from);
      return put(take(document, from), path, read(document, from), "add");
    }
    case "copy":
      return put(document, path, read(document, parsePointer(operation.from)), "add");
    case "test":
      if (!sameJson(read(document, path), operation.value))
        throw new PatchError(`${operation.path} has another value`);
      return document;
  }
}

function parsePointer(pointer: string): string[] {
  if (pointer === "") return [];
  if (!pointer.startsWith("/")) throw new PatchError(`"${pointer}" is no JSON pointer`);
  return pointer
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function indexIn(list: readonly Json[], token: string, limit: number): number {
  const index = /^(0|[1-9]\d*)$/.test(token) ? Number(token) : Number.NaN;
  if (!(index < limit)) throw new PatchError(`no item ${token} in a list of ${list.length}`);
  return index;
}

function has(value: JsonObject, key: string): boolean {
  return Object.hasOwn(value, key);
}

function child(value: Json, token: string): Json {
  if (Array.isArray(value)) return value[indexIn(value, token, value.length)] as Json;
  if (isObject(value) && has(value, token)) return value[token] as Json;
  throw new PatchError(`nothing at "${token}"`);
}

function read(document: Json, path: readonly string[]): Json {
  return path.reduce(child, document);
}

function put(document: Json, path: readonly string[], value: Json, mode: "add" | "replace"): Json {
  const [token, ...rest] = path;
  if (token === undefined) return value;
  if (Array.isArray(document)) {
    const items: Json[] = [...document];
    if (rest.length > 0) {
      const index = indexIn(items, token, items.length);
      items[index] = put(items[index] as Json, rest, value, mode);
    } else if (mode === "replace") {
      items[indexIn(items, token, items.length)] = value;
    } else {
      items.splice(token === "-" ? items.length : indexIn(items, token, items.length + 1), 0, value);
    }
    return items;
  }
  if (!isObject(document)) throw new PatchError(`nothing can stand at "${token}"`);
  if (rest.length > 0) return { ...document, [token]: put(child(document, token), rest, value, mode) };
  if (mode === "replace") child(document, token);
  return { ...document, [token]: value };
}

function take(document: Json, path: readonly string[]): Json {
  const [token, ...rest] = path;
  if (token === undefined) throw new PatchError("the whole document cannot be removed");
  if (rest.length > 0) {
    const replaced = take(child(document, token), rest);
    return put(document, [token], replaced, "replace");
  }
  child(document, token);
  if (Array.isArray(document)) return document.filter((_, index) => index !== Number(token));
  const { [token]: _removed, ...kept } = document as JsonObject;
  return kept;
}
