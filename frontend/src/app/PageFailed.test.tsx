import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { ApiError } from "@/api/problem";
import { renderPage } from "@/test/render";
import { Refusal, serve } from "@/test/server";
import { PageFailed } from "./PageFailed";

const show = (error: Error) => renderPage(<PageFailed error={error} reset={() => undefined} />);
const notArrived = new Error("Failed to fetch dynamically imported module: /assets/RunsPage.js");

describe("PageFailed", () => {
  it("says what the server refused with", async () => {
    serve({});
    await show(
      new ApiError({ title: "The disk is full", status: 507, detail: "", code: null, problems: [] }),
    );
    expect(screen.getByRole("alert")).toHaveTextContent("The disk is full");
  });

  it("says how to sign in when that is why a page's files do not arrive", async () => {
    serve({ "GET /api/v1/runs": new Refusal(401, { title: "Not signed in", status: 401 }) });
    await show(notArrived);
    expect(await screen.findByText("This browser is not signed in")).toBeVisible();
    expect(screen.getByRole("alert")).toHaveTextContent("lamina link");
  });

  it("says so when the page itself failed", async () => {
    serve({ "GET /api/v1/runs": { items: [], next: null } });
    await show(notArrived);
    expect(screen.getByRole("alert")).toHaveTextContent("This page could not be shown");
  });
});
