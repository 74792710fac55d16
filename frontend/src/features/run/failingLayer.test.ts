import { expect, it } from "vitest";
import { failingLayer } from "./failingLayer";

const graph = { nodes: [{ id: "image" }, { id: "dense_1" }] };
const message = (en: string) => ({ en, "zh-CN": en });

it.each([
  ["FAILED", 'Dense "dense_1" needs (batch, features).', "dense_1"],
  ["FAILED", "The loss was no longer a finite number. See dense_1.", null],
  ["FAILED", 'There is no "dense" here.', null],
  ["STOPPED", 'Dense "dense_1" needs (batch, features).', null],
] as const)("%s: %s", (state, en, expected) => {
  expect(failingLayer({ state, message: message(en), graph })).toBe(expected);
});
