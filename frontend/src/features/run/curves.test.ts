import { describe, expect, it } from "vitest";
import { groupCurves } from "./curves";

describe("groupCurves", () => {
  it("makes a chart per metric, loss first", () => {
    const keys = [
      "batch/accuracy",
      "batch/loss",
      "running/loss",
      "epoch/loss",
      "epoch/val_loss",
      "epoch/accuracy",
    ];
    expect(groupCurves(keys)).toEqual([
      { metric: "loss", batch: "batch/loss", epoch: "epoch/loss", validation: "epoch/val_loss" },
      { metric: "accuracy", batch: "batch/accuracy", epoch: "epoch/accuracy", validation: null },
    ]);
  });

  it("keeps a metric whose own name has a slash", () => {
    expect(groupCurves(["batch/head/auc"])[0]?.metric).toBe("head/auc");
  });

  it("leaves out what is no curve of the model", () => {
    expect(groupCurves(["epoch/seconds", "samples_per_second", "test/loss", "system/memory"])).toEqual([]);
  });
});
