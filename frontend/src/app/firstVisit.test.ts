import { QueryClient } from "@tanstack/react-query";
import { isRedirect } from "@tanstack/react-router";
import { beforeEach, describe, expect, it } from "vitest";
import { Refusal, serve } from "@/test/server";
import { openStudioAtFirstVisit } from "./firstVisit";

const LIST = "GET /api/v1/models";
const model = {
  id: "m_1",
  name: "net",
  version: 1,
  nodes: 1,
  fingerprint: "f",
  created_at: "",
  updated_at: "",
};

/** Where a visit to the first page leads; null when it stays. */
async function visit(): Promise<unknown> {
  try {
    await openStudioAtFirstVisit(new QueryClient({ defaultOptions: { queries: { retry: false } } }));
    return null;
  } catch (thrown) {
    if (isRedirect(thrown)) return thrown.options;
    throw thrown;
  }
}

beforeEach(() => {
  localStorage.clear();
});

describe("the first visit", () => {
  it("begins in the Studio when nothing is saved, and only once", async () => {
    serve({ [LIST]: { items: [], next: null } });
    expect(await visit()).toMatchObject({ to: "/m/$model", params: { model: "new" } });
    expect(await visit()).toBeNull();
  });

  it("stays with the models when there are some", async () => {
    serve({ [LIST]: { items: [model], next: null } });
    expect(await visit()).toBeNull();
  });

  it("stays, and counts as no visit, when the server does not say", async () => {
    serve({ [LIST]: new Refusal(503, { title: "Busy", status: 503 }) });
    expect(await visit()).toBeNull();
    serve({ [LIST]: { items: [], next: null } });
    expect(await visit()).toMatchObject({ params: { model: "new" } });
  });
});
