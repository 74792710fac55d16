import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Dataset } from "@/api/queries";
import { violationsIn } from "@/test/axe";
import { renderPage } from "@/test/render";
import { serve } from "@/test/server";
import { DataPage } from "./DataPage";

function makeDataset(change: Partial<Dataset> = {}): Dataset {
  return {
    id: "mnist",
    title: { en: "MNIST digits", "zh-CN": "MNIST 手写数字" },
    summary: { en: "Digits.", "zh-CN": "数字。" },
    kind: "image",
    input_shape: [28, 28, 1],
    classes: ["0", "1"],
    n_train: 60_000,
    n_test: 10_000,
    download_bytes: 11_594_722,
    license: "CC BY-SA 3.0",
    source: { en: "LeCun", "zh-CN": "LeCun" },
    state: "absent",
    received: 0,
    total: 0,
    message: null,
    ...change,
  };
}

const PREVIEW = "GET /api/v1/datasets/mnist/preview";
const pixel = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";

function serveDataset(change: Partial<Dataset>, preview: unknown = { items: [], columns: null }) {
  return serve({
    "GET /api/v1/datasets": { items: [makeDataset(change)], next: null },
    [PREVIEW]: preview,
    "POST /api/v1/datasets/mnist/download": {},
    "DELETE /api/v1/datasets/mnist/download": {},
  });
}

describe("DataPage", () => {
  it("offers a download with its size", async () => {
    const asked = serveDataset({});
    await renderPage(<DataPage />);
    await userEvent.click(await screen.findByRole("button", { name: "Download 11.6 MB" }));
    await waitFor(() => expect(asked.map(({ method }) => method)).toContain("POST"));
    expect(asked.some(({ path }) => path.endsWith("/preview"))).toBe(false);
  });

  it("shows the bytes of a download and cancels it", async () => {
    const asked = serveDataset({ state: "downloading", received: 2_900_000, total: 11_600_000 });
    await renderPage(<DataPage />);
    expect(await screen.findByText("2.9 MB of 11.6 MB")).toBeVisible();
    expect(screen.getByRole("progressbar")).toHaveAttribute("aria-valuenow", "25");
    await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
    await waitFor(() => expect(asked.map(({ method }) => method)).toContain("DELETE"));
  });

  it("says why a download failed, in the reader's language, and offers it again", async () => {
    serveDataset({ state: "failed", message: { en: "No network.", "zh-CN": "没有网络。" } });
    await renderPage(<DataPage />, { language: "zh-CN" });
    expect(await screen.findByRole("alert")).toHaveTextContent("没有网络。");
    expect(screen.getByRole("button", { name: /下载/ })).toBeEnabled();
  });

  it("shows pictures with their classes", async () => {
    serveDataset(
      { state: "ready" },
      { items: [{ image: pixel, values: null, target: 7, label: "7" }], columns: null },
    );
    await renderPage(<DataPage />);
    expect(await screen.findByRole("img", { name: "7" })).toHaveAttribute("src", pixel);
    expect(screen.getByText("On this machine")).toBeVisible();
  });

  it.each([
    ["en", ["length", "width", "Target"]],
    ["zh-CN", ["长度", "宽度", "目标"]],
  ] as const)("shows the rows of a table, its columns named in %s", async (language, columns) => {
    const items = [{ image: null, values: [5.1, 3.5], target: 0, label: "setosa" }];
    serveDataset(
      { state: "ready", kind: "table" },
      {
        items,
        columns: [
          { en: "length", "zh-CN": "长度" },
          { en: "width", "zh-CN": "宽度" },
        ],
      },
    );
    await renderPage(<DataPage />, { language });
    const table = within(await screen.findByRole("table"));
    expect(table.getAllByRole("columnheader").map((cell) => cell.textContent)).toEqual(columns);
    expect(table.getAllByRole("cell").map((cell) => cell.textContent)).toEqual(["5.1", "3.5", "setosa"]);
  });

  it.each(["en", "zh-CN"] as const)("is accessible in %s", async (language) => {
    serveDataset({ state: "downloading", received: 1, total: 2 });
    const { container } = await renderPage(<DataPage />, { language });
    await screen.findByRole("progressbar");
    expect(await violationsIn(container)).toEqual([]);
  });
});
