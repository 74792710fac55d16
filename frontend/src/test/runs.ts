/** Runs as the server tells of them, for tests. */
import type { Run, RunDetail } from "@/api/runs";

export function makeRun(change: Partial<Run> = {}): Run {
  return {
    id: "r_1",
    name: "first run",
    note: "",
    tags: [],
    state: "SUCCEEDED",
    reason: null,
    message: null,
    attempt: 1,
    model_id: "m_1",
    model_version: 2,
    graph_name: "mnist-cnn",
    fingerprint: "f",
    dataset: "mnist",
    epochs: 3,
    epoch: 3,
    step: 300,
    steps_per_epoch: 100,
    samples_per_second: 1200,
    seconds_left: null,
    created_at: "2026-03-10T11:00:00Z",
    started_at: "2026-03-10T11:00:02Z",
    ended_at: "2026-03-10T11:01:07Z",
    last: { "epoch/loss": 0.05, "epoch/val_loss": 0.04, "epoch/val_accuracy": 0.9876 },
    test: { loss: 0.041, metrics: { accuracy: 0.9855 }, n: 10_000 },
    environment: {},
    ...change,
  };
}

export function makeRunDetail(change: Partial<RunDetail> = {}): RunDetail {
  return {
    ...makeRun(),
    graph: {},
    training: { format: "lamina.training", version: 1, loss: "categorical_crossentropy", epochs: 3 },
    log: "L",
    head: 12,
    ...change,
  };
}
