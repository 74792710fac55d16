import { expect, it } from "vitest";
import { readAll } from "./readAll";

it("reads a list part by part to its end", async () => {
  const parts: Record<string, { items: number[]; next: string | null }> = {
    first: { items: [1, 2], next: "b" },
    b: { items: [3], next: "c" },
    c: { items: [], next: null },
  };
  const asked: (string | null)[] = [];
  const all = await readAll(async (after) => {
    asked.push(after);
    return parts[after ?? "first"] ?? { items: [], next: null };
  });
  expect(all).toEqual([1, 2, 3]);
  expect(asked).toEqual([null, "b", "c"]);
});
