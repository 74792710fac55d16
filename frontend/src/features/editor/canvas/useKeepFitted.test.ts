import { expect, it } from "vitest";
import { isInView } from "./useKeepFitted";

const bounds = { x: 0, y: 0, width: 200, height: 800 };
const frame = { width: 700, height: 500 };

it("knows whether the whole graph is seen", () => {
  expect(isInView(bounds, { x: 50, y: 40, zoom: 0.5 }, frame)).toBe(true);
  expect(isInView(bounds, { x: 50, y: 101, zoom: 0.5 }, frame)).toBe(false);
  expect(isInView(bounds, { x: 50, y: -1, zoom: 0.5 }, frame)).toBe(false);
  expect(isInView(bounds, { x: 601, y: 40, zoom: 0.5 }, frame)).toBe(false);
  expect(isInView(bounds, { x: 50, y: 40, zoom: 1 }, frame)).toBe(false);
});

it("takes nothing for no graph to be seen", () => {
  expect(isInView({ x: 0, y: 0, width: 0, height: 0 }, { x: 0, y: 0, zoom: 1 }, frame)).toBe(false);
});
