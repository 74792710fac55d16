import { describe, expect, it } from "vitest";
import { NODE_WIDTH, STEP_Y } from "./placement";
import { lanePath, lanesOf } from "./routing";
import { graphOf } from "./testing";
import { topologyOf } from "./topology";

const column = (ids: string[]) => Object.fromEntries(ids.map((id, row) => [id, { x: 0, y: row * STEP_Y }]));

describe("lanes", () => {
  const residual = {
    ...graphOf("a", "b < a", "c < b a", "d < c a"),
    layout: column(["a", "b", "c", "d"]),
  };
  const lane = (target: string) => {
    const edge = topologyOf(residual).edges.find((each) => each.source === "a" && each.target === target);
    return lanesOf(residual).get(edge?.id ?? "");
  };

  it("lead past the layers between, each on its own", () => {
    const [short, long] = [lane("c"), lane("d")];
    expect(short?.x).toBeGreaterThan(NODE_WIDTH);
    expect(long?.x).toBeGreaterThan(short?.x ?? Number.POSITIVE_INFINITY);
  });

  it("are left to edges that need them", () => {
    expect(lanesOf(residual).size).toBe(2);
  });

  it("are not needed where nothing stands in the way", () => {
    const aside = { ...residual, layout: { ...residual.layout, b: { x: 900, y: STEP_Y } } };
    const skip = topologyOf(aside).edges.find((edge) => edge.source === "a" && edge.target === "c");
    expect(lanesOf(aside).has(skip?.id ?? "")).toBe(false);
  });

  it("begin and end at the ports", () => {
    const path = lanePath({ x: 1, y: 2 }, { x: 3, y: 400 }, { x: 300, side: "right", index: 0 });
    expect(path).toMatch(/^M1,2 .* 3,400$/);
    expect(path).toContain("L300,");
  });
});
