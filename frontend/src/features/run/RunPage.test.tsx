import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { violationsIn } from "@/test/axe";
import { renderPage } from "@/test/render";
import { makeRunDetail } from "@/test/runs";
import { Refusal, serve } from "@/test/server";
import { RunPage } from "./RunPage";

vi.mock("@/live/live", () => ({
  live: {
    phase: "open",
    listen: () => () => undefined,
    subscribe: () => ({ close() {}, setView() {} }),
    wake() {},
  },
}));

const FILE = { name: "model.keras", kind: "keras", bytes: 8_412_345, sha256: "0", verified: true };

function serveRun(change: Parameters<typeof makeRunDetail>[0], files: unknown[] = []) {
  return serve({
    "GET /api/v1/runs/r_1": makeRunDetail(change),
    "GET /api/v1/runs/r_1/artifacts": { items: files, next: null },
    "GET /api/v1/runs/r_1/events": { items: [], next: null },
    "POST /api/v1/runs/r_1/stop": makeRunDetail({ ...change, state: "STOPPING" }),
  });
}

const show = (language: "en" | "zh-CN" = "en") =>
  renderPage(<RunPage runId="r_1" onDeleted={() => undefined} />, { language });

describe("RunPage", () => {
  it("offers the model of a finished run in one press, with its scores", async () => {
    serveRun({}, [FILE]);
    await show();
    const download = await screen.findByRole("link", { name: "Download .keras" });
    expect(download).toHaveAttribute("href", "/api/v1/runs/r_1/artifacts/model.keras");
    expect(download).toHaveAttribute("download", "");
    const scores = within(screen.getByRole("region", { name: "On the test part" }));
    expect(scores.getByText("98.55%")).toBeVisible();
    expect(scores.getByText(/10,000 samples/)).toBeVisible();
    expect(within(screen.getByRole("region", { name: "Files" })).getByText("8.4 MB")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Stop" })).toBeNull();
  });

  it("shows how far a run is and stops it", async () => {
    const asked = serveRun({
      state: "RUNNING",
      epoch: 2,
      step: 150,
      seconds_left: 72,
      ended_at: null,
      test: null,
    });
    await show();
    expect(await screen.findByRole("progressbar")).toHaveAttribute("aria-valuenow", "50");
    expect(screen.getByText("2 of 3")).toBeVisible();
    expect(screen.getByText("150 of 300")).toBeVisible();
    expect(screen.getByText("1,200 samples/s")).toBeVisible();
    expect(screen.getByText("1 min 12 s")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Stop" }));
    await waitFor(() => expect(asked.some(({ path }) => path === "/api/v1/runs/r_1/stop")).toBe(true));
  });

  it("cannot be stopped twice", async () => {
    serveRun({ state: "STOPPING", ended_at: null });
    await show();
    expect(await screen.findByRole("button", { name: "Stop" })).toBeDisabled();
  });

  it.each([
    ["en", "The loss became NaN at step 12. Try a smaller learning rate."],
    ["zh-CN", "第 12 步时损失变为 NaN。请尝试更小的学习率。"],
  ] as const)("says in a sentence why a run failed, in %s", async (language, sentence) => {
    serveRun({
      state: "FAILED",
      reason: "non_finite_loss",
      message: {
        en: "The loss became NaN at step 12. Try a smaller learning rate.",
        "zh-CN": "第 12 步时损失变为 NaN。请尝试更小的学习率。",
      },
      test: null,
    });
    await show(language);
    expect(await screen.findByText(sentence)).toBeVisible();
  });

  it.each([
    ["en", "Environment", ["Operating system", "Processors", "torch"]],
    ["zh-CN", "运行环境", ["操作系统", "处理器数", "torch"]],
  ] as const)("says in words where it ran, in %s", async (language, region, names) => {
    serveRun({ environment: { platform: "Linux-6.1", cpus: 2, torch: "2.9" } });
    await show(language);
    const facts = within(await screen.findByRole("region", { name: region }));
    expect(facts.getAllByRole("term").map((name) => name.textContent)).toEqual(names);
  });

  it("shows the settings that the run froze", async () => {
    serveRun({});
    await show();
    const settings = within(await screen.findByRole("region", { name: "Settings used" }));
    expect(settings.getByText("categorical_crossentropy")).toBeVisible();
    expect(settings.getByText("mnist-cnn, version 2")).toBeVisible();
  });

  it("leads to the runs when there is no such run, which to ask again would not change", async () => {
    serve({
      "GET /api/v1/runs/r_1": new Refusal(404, {
        title: "No such run",
        status: 404,
        detail: "It may have been deleted.",
      }),
    });
    await show();
    expect(await screen.findByRole("alert")).toHaveTextContent("There is no run at this address.");
    expect(screen.getByRole("link", { name: "To the runs" })).toHaveAttribute("href", "/runs");
    expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
    expect(document.title).toBe("Not found · Lamina");
  });

  it("offers to try again when the server could not answer", async () => {
    serve({ "GET /api/v1/runs/r_1": new Refusal(503, { title: "Storage is away", status: 503 }) });
    await show();
    expect(await screen.findByRole("button", { name: "Try again" })).toBeVisible();
  });

  it("asks for nothing of a run that it has deleted", async () => {
    const asked = serve({
      "GET /api/v1/runs/r_1": makeRunDetail({}),
      "GET /api/v1/runs/r_1/artifacts": { items: [FILE], next: null },
      "GET /api/v1/runs/r_1/events": { items: [], next: null },
      "DELETE /api/v1/runs/r_1": {},
    });
    const onDeleted = vi.fn();
    await renderPage(<RunPage runId="r_1" onDeleted={onDeleted} />);
    await userEvent.click(await screen.findByRole("button", { name: "More" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Delete" }));
    await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Delete" }));
    await waitFor(() => expect(onDeleted).toHaveBeenCalled());
    const deleted = asked.findIndex(({ method }) => method === "DELETE");
    expect(asked.slice(deleted + 1).map(({ path }) => path)).toEqual([]);
  });

  it.each(["en", "zh-CN"] as const)("is accessible in %s", async (language) => {
    serveRun({}, [FILE]);
    const { container } = await show(language);
    await screen.findByText("categorical_crossentropy");
    expect(await violationsIn(container)).toEqual([]);
  });
});
