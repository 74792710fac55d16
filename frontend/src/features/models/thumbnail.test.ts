import { describe, expect, it } from "vitest";
import { readGraph } from "@/graph/document";
import { drawThumbnail } from "./thumbnail";

function graphOf(nodes: Record<string, string[]>) {
  const graph = readGraph({
    format: "lamina.graph",
    version: 1,
    name: "g",
    nodes: Object.entries(nodes).map(([id, inputs]) => ({
      id,
      type: "Dense",
      config: {},
      inputs: inputs.map((node) => ({ node })),
    })),
    outputs: [],
    blocks: [],
    layout: {},
  });
  if (!graph) throw new Error("not a graph");
  return graph;
}

describe("drawThumbnail", () => {
  it("lays a chain out from left to right on one line", () => {
    const { bars, edges } = drawThumbnail(graphOf({ a: [], b: ["a"], c: ["b"] }));
    expect(bars.map(({ x }) => x)).toEqual([...bars.map(({ x }) => x)].sort((p, q) => p - q));
    expect(new Set(bars.map(({ y }) => y)).size).toBe(1);
    expect(edges).toHaveLength(2);
  });

  it("holds every bar inside the picture", () => {
    const picture = drawThumbnail(graphOf({ a: [], b: ["a"], c: ["a"], d: ["a"], e: ["b", "c", "d"] }));
    for (const { x, y } of picture.bars) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThan(picture.width);
      expect(y).toBeLessThan(picture.height);
    }
  });

  it("draws a shortcut around the layers that it passes", () => {
    const { bars, edges } = drawThumbnail(graphOf({ a: [], b: ["a"], c: ["b"], add: ["c", "a"] }));
    const shortcut = edges.find(({ id }) => id.startsWith("a.") && id.includes("-add."));
    const top = Math.min(...bars.map(({ y }) => y));
    const ys = [...(shortcut?.path.matchAll(/ (-?[\d.]+)(?=[CH ]|$)/g) ?? [])].map(([, y]) => Number(y));
    expect(Math.min(...ys)).toBeLessThan(top);
  });

  it("draws nothing for an empty graph", () => {
    expect(drawThumbnail(graphOf({})).bars).toEqual([]);
  });
});
