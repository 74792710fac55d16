import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { violationsIn } from "@/test/axe";
import { renderPage } from "@/test/render";
import { serve } from "@/test/server";
import { ModelsPage } from "./ModelsPage";

const GRAPH = {
  format: "lamina.graph",
  version: 1,
  name: "digits",
  nodes: [{ id: "image", type: "Input", config: {}, inputs: [] }],
  outputs: [],
  blocks: [],
  layout: {},
};
const TEMPLATE = {
  id: "mnist-cnn",
  title: { en: "Digit classifier", "zh-CN": "数字分类器" },
  summary: { en: "Reads digits.", "zh-CN": "识别数字。" },
  graph: GRAPH,
  training: {},
};

function makeModel(id: string, name: string) {
  const times = { created_at: "2026-03-10T11:00:00Z", updated_at: "2026-03-10T11:00:00Z" };
  return { id, name, version: 3, nodes: 6, fingerprint: "f", ...times };
}

function serveModels(...models: ReturnType<typeof makeModel>[]) {
  const details = models.map((model) => [
    `GET /api/v1/models/${model.id}`,
    { ...model, graph: GRAPH, training: {} },
  ]);
  return serve({
    "GET /api/v1/models": { items: models, next: null },
    "GET /api/v1/templates": { items: [TEMPLATE], next: null },
    "GET /api/v1/catalog": { version: "1", groups: [], layers: [] },
    "DELETE /api/v1/models/m_1": {},
    ...Object.fromEntries(details),
  });
}

describe("ModelsPage", () => {
  it("opens one's models and the templates", async () => {
    serveModels(makeModel("m_1", "my net"));
    await renderPage(<ModelsPage />);
    expect(await screen.findByRole("link", { name: "my net" })).toHaveAttribute("href", "/m/m_1");
    expect(await screen.findByText(/6 layers · version 3/)).toBeVisible();
    expect(await screen.findByRole("link", { name: "Digit classifier" })).toHaveAttribute(
      "href",
      "/m/new?template=mnist-cnn",
    );
  });

  it("says what will stand here while nothing is saved", async () => {
    serveModels();
    await renderPage(<ModelsPage />);
    expect(await screen.findByText("Nothing saved yet")).toBeVisible();
    expect(screen.getByRole("link", { name: "New model" })).toHaveAttribute("href", "/m/new?template=empty");
  });

  it("searches once there are many", async () => {
    serveModels(...Array.from({ length: 7 }, (_, index) => makeModel(`m_${index}`, `net ${index}`)));
    await renderPage(<ModelsPage />);
    await userEvent.type(await screen.findByRole("textbox"), "NET 4");
    expect(screen.getAllByRole("link", { name: /^net/ }).map((link) => link.textContent)).toEqual(["net 4"]);
  });

  it("deletes a model only after asking", async () => {
    const asked = serveModels(makeModel("m_1", "my net"));
    await renderPage(<ModelsPage />);
    await userEvent.click(await screen.findByRole("button", { name: "More about my net" }));
    await userEvent.click(screen.getByRole("menuitem", { name: "Delete" }));
    const dialog = within(screen.getByRole("dialog", { name: "Delete “my net”?" }));
    expect(asked.some(({ method }) => method === "DELETE")).toBe(false);
    await userEvent.click(dialog.getByRole("button", { name: "Delete" }));
    await waitFor(() => expect(asked.some(({ method }) => method === "DELETE")).toBe(true));
  });

  it.each(["en", "zh-CN"] as const)("is accessible in %s", async (language) => {
    serveModels(makeModel("m_1", "my net"));
    const { container } = await renderPage(<ModelsPage />, { language });
    await screen.findByRole("link", { name: "my net" });
    expect(await violationsIn(container)).toEqual([]);
  });
});
