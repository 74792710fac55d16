import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { violationsIn } from "@/test/axe";
import { renderPage } from "@/test/render";
import { makeRun } from "@/test/runs";
import { Refusal, serve } from "@/test/server";
import { RunsPage } from "./RunsPage";

const LIST = "GET /api/v1/runs";
const finished = makeRun({ id: "r_1", name: "baseline" });
const active = makeRun({
  id: "r_2",
  name: "wider",
  state: "RUNNING",
  epoch: 2,
  step: 150,
  ended_at: null,
  test: null,
});

const page = (...items: unknown[]) => ({ items, next: null });
const names = () =>
  screen.getAllByRole("rowheader").map((cell) => within(cell).getByRole("link").textContent);

describe("RunsPage", () => {
  it("lists runs with their state, progress and last values", async () => {
    serve({ [LIST]: page(finished, active) });
    await renderPage(<RunsPage />);
    const row = within((await screen.findByRole("link", { name: "baseline" })).closest("tr") as HTMLElement);
    expect(row.getByText("Finished")).toBeVisible();
    expect(row.getByText("Epoch 3 of 3")).toBeVisible();
    expect(row.getByText("98.76%")).toBeVisible();
    expect(row.getByText("1 min 5 s")).toBeVisible();
    expect(row.getByText("98.76%").closest("td")).toHaveTextContent("98.76%validation");
    expect(screen.getByRole("progressbar")).toHaveAttribute("aria-valuenow", "50");
  });

  it("filters by words and by state", async () => {
    serve({ [LIST]: page(finished, active) });
    await renderPage(<RunsPage />);
    await userEvent.type(await screen.findByRole("textbox"), "wid");
    expect(names()).toEqual(["wider"]);
    await userEvent.clear(screen.getByRole("textbox"));
    await userEvent.click(screen.getByRole("radio", { name: "Finished" }));
    expect(names()).toEqual(["baseline"]);
    expect(screen.getByText("1 run")).toBeVisible();
  });

  it("sorts by a column, and the other way when it is pressed again", async () => {
    serve({ [LIST]: page(finished, active) });
    await renderPage(<RunsPage />);
    const name = await screen.findByRole("button", { name: "Name" });
    await userEvent.click(name);
    expect(names()).toEqual(["baseline", "wider"]);
    expect(name.closest("th")).toHaveAttribute("aria-sort", "ascending");
    await userEvent.click(name);
    expect(names()).toEqual(["wider", "baseline"]);
    expect(name.closest("th")).toHaveAttribute("aria-sort", "descending");
  });

  it("keeps thousands of runs on pages of a hundred", async () => {
    const many = Array.from({ length: 2000 }, (_, index) =>
      makeRun({ id: `r_${index}`, name: `run ${index}` }),
    );
    serve({ [LIST]: page(...many) });
    await renderPage(<RunsPage />);
    await screen.findByText("1–100 of 2000");
    expect(screen.getAllByRole("row")).toHaveLength(101);
    await userEvent.click(screen.getByRole("button", { name: "Next" }));
    expect(screen.getByText("101–200 of 2000")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Previous" }));
    expect(screen.getByRole("button", { name: "Previous" })).toBeDisabled();
  });

  it("renames a run", async () => {
    const asked = serve({ [LIST]: page(finished), "PATCH /api/v1/runs/r_1": finished });
    await renderPage(<RunsPage />);
    await userEvent.click(await screen.findByRole("button", { name: "Commands for baseline" }));
    await userEvent.click(screen.getByRole("menuitem", { name: "Rename" }));
    const field = within(screen.getByRole("dialog")).getByRole("textbox");
    await userEvent.clear(field);
    await userEvent.type(field, "best so far{Enter}");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(asked).toContainEqual({
      method: "PATCH",
      path: "/api/v1/runs/r_1",
      body: { name: "best so far" },
    });
  });

  it("deletes a run only after asking", async () => {
    const asked = serve({ [LIST]: page(finished), "DELETE /api/v1/runs/r_1": {} });
    await renderPage(<RunsPage />);
    await userEvent.click(await screen.findByRole("button", { name: "Commands for baseline" }));
    await userEvent.click(screen.getByRole("menuitem", { name: "Delete" }));
    expect(asked.some(({ method }) => method === "DELETE")).toBe(false);
    await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Delete" }));
    await waitFor(() => expect(asked.some(({ method }) => method === "DELETE")).toBe(true));
  });

  it("does not offer to delete a run that is going on", async () => {
    serve({ [LIST]: page(active) });
    await renderPage(<RunsPage />);
    await userEvent.click(await screen.findByRole("button", { name: "Commands for wider" }));
    expect(screen.getByRole("menuitem", { name: "Delete" })).toBeDisabled();
    expect(screen.getByRole("menuitem", { name: "Stop" })).toBeEnabled();
  });

  it("says what to do when there is no run yet", async () => {
    serve({ [LIST]: page() });
    await renderPage(<RunsPage />);
    expect(await screen.findByText("No training yet")).toBeVisible();
    expect(screen.getByRole("link", { name: "Open the digit classifier" })).toHaveAttribute("href", "/m/new");
  });

  it("says what the server refused with, and asks again", async () => {
    let refuses = true;
    const refusal = new Refusal(503, { title: "The disk is full", status: 503, detail: "Free some space." });
    serve({ [LIST]: () => (refuses ? refusal : page(finished)) });
    await renderPage(<RunsPage />);
    expect(await screen.findByRole("alert")).toHaveTextContent("The disk is fullFree some space.");
    refuses = false;
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("link", { name: "baseline" })).toBeVisible();
  });

  it.each(["en", "zh-CN"] as const)("is accessible in %s", async (language) => {
    serve({ [LIST]: page(finished, active) });
    const { container } = await renderPage(<RunsPage />, { language });
    await screen.findByRole("link", { name: "baseline" });
    expect(await violationsIn(container)).toEqual([]);
  });
});
