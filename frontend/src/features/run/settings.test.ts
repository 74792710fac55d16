import { describe, expect, it } from "vitest";
import { flatten, settingsOf } from "./settings";

describe("settingsOf", () => {
  it("says each choice in a line", () => {
    const rows = settingsOf({
      format: "lamina.training",
      version: 1,
      dataset: { id: "mnist" },
      validation: { split: 0.1 },
      loss: "categorical_crossentropy",
      optimizer: { type: "RMSprop", config: { learning_rate: 0.001 } },
      metrics: ["accuracy", { type: "TopK", config: {} }],
      callbacks: [],
      shuffle: true,
    });
    expect(Object.fromEntries(rows.map(({ key, value }) => [key, value]))).toEqual({
      dataset: "mnist",
      validation: "10%",
      loss: "categorical_crossentropy",
      optimizer: "RMSprop (learning_rate 0.001)",
      metrics: "accuracy, TopK",
      callbacks: "–",
      shuffle: true,
    });
  });
});

describe("flatten", () => {
  it("names nested facts by their path and leaves out what is not known", () => {
    expect(flatten({ python: "3.11", torch: { version: "2.13", cuda: null } })).toEqual([
      { key: "python", value: "3.11" },
      { key: "torch.version", value: "2.13" },
    ]);
  });
});
