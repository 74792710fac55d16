import { describe, expect, it } from "vitest";
import type { Json } from "./json";
import { applyPatch, PatchError, type PatchOperation, readPatch } from "./patch";

const cases: [string, Json, PatchOperation[], Json][] = [
  ["adds a member", { a: 1 }, [{ op: "add", path: "/b", value: 2 }], { a: 1, b: 2 }],
  ["adds an item", { a: [1, 3] }, [{ op: "add", path: "/a/1", value: 2 }], { a: [1, 2, 3] }],
  ["adds at the end", { a: [1] }, [{ op: "add", path: "/a/-", value: 2 }], { a: [1, 2] }],
  ["replaces", { a: { b: 1 } }, [{ op: "replace", path: "/a/b", value: null }], { a: { b: null } }],
  ["replaces the whole", { a: 1 }, [{ op: "replace", path: "", value: [] }], []],
  ["removes a member", { a: 1, b: 2 }, [{ op: "remove", path: "/a" }], { b: 2 }],
  ["removes an item", { a: [1, 2, 3] }, [{ op: "remove", path: "/a/1" }], { a: [1, 3] }],
  ["removes deep inside", { a: [{ b: 1, c: 2 }] }, [{ op: "remove", path: "/a/0/b" }], { a: [{ c: 2 }] }],
  ["moves", { a: { b: 1 }, c: {} }, [{ op: "move", from: "/a/b", path: "/c/b" }], { a: {}, c: { b: 1 } }],
  ["moves within a list", [1, 2, 3], [{ op: "move", from: "/0", path: "/2" }], [2, 3, 1]],
  ["copies", { a: [1] }, [{ op: "copy", from: "/a", path: "/b" }], { a: [1], b: [1] }],
  [
    "reads escapes",
    { "a/b": 1, "m~n": 2 },
    [{ op: "replace", path: "/a~1b", value: 3 }],
    { "a/b": 3, "m~n": 2 },
  ],
  [
    "goes on after a test that holds",
    { a: 1 },
    [
      { op: "test", path: "/a", value: 1 },
      { op: "remove", path: "/a" },
    ],
    {},
  ],
];

describe("applyPatch", () => {
  it.each(cases)("%s", (_name, document, patch, expected) => {
    const before = JSON.stringify(document);
    expect(applyPatch(document, patch)).toEqual(expected);
    expect(JSON.stringify(document)).toBe(before);
  });

  it.each<[string, PatchOperation]>([
    ["a member that is not there", { op: "replace", path: "/nothing", value: 1 }],
    ["an item beyond the end", { op: "add", path: "/list/3", value: 1 }],
    ["an index that is no number", { op: "remove", path: "/list/01" }],
    ["a pointer without a slash", { op: "remove", path: "list" }],
    ["a test that fails", { op: "test", path: "/list/0", value: 2 }],
    ["a place inside a number", { op: "add", path: "/list/0/a", value: 2 }],
    ["the whole document", { op: "remove", path: "" }],
    ["a member every object inherits", { op: "remove", path: "/constructor" }],
  ])("refuses %s", (_name, operation) => {
    expect(() => applyPatch({ list: [1] }, [operation])).toThrow(PatchError);
  });

  it("does not reach the prototype", () => {
    const patched = applyPatch({}, [{ op: "add", path: "/__proto__", value: { polluted: true } }]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(Object.keys(patched as object)).toEqual(["__proto__"]);
  });
});

describe("readPatch", () => {
  it("takes the operations of RFC 6902", () => {
    const patch = [{ op: "move", from: "/a", path: "/b" }];
    expect(readPatch(patch)).toEqual(patch);
  });

  it.each([
    null,
    [1],
    [{ op: "add" }],
    [{ op: "add", path: "/a" }],
    [{ op: "jump", path: "/a" }],
    [{ op: "copy", path: "/a" }],
  ])("refuses %j", (patch) => {
    expect(() => readPatch(patch)).toThrow(PatchError);
  });
});
