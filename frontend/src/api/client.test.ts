import { afterEach, describe, expect, it, vi } from "vitest";
import { api, dataOf } from "./client";
import { ApiError } from "./problem";

function answer(body: string, status = 200, type = "application/json") {
  const fetch = vi.fn(
    async (_request: Request) => new Response(body, { status, headers: { "Content-Type": type } }),
  );
  vi.stubGlobal("fetch", fetch);
  return fetch;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("api", () => {
  it("asks in the page's language", async () => {
    const fetch = answer('{"items":[],"next":null}');
    document.documentElement.lang = "zh-CN";
    await api.GET("/api/v1/runs");
    expect(fetch.mock.calls[0]?.[0].headers.get("Accept-Language")).toBe("zh-CN");
  });

  it("throws what the server refused with", async () => {
    answer(
      '{"title":"Gone","status":404,"detail":"No such run.","code":"run_not_found"}',
      404,
      "application/problem+json",
    );
    const request = api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: "r" } } });
    await expect(request).rejects.toMatchObject({
      status: 404,
      message: "No such run.",
      code: "run_not_found",
    });
  });

  it("throws on a page of a proxy as well", async () => {
    answer("<html>", 502, "text/html");
    await expect(api.GET("/api/v1/runs")).rejects.toBeInstanceOf(ApiError);
  });

  it("says that nobody answered when the network fails", async () => {
    vi.stubGlobal("fetch", vi.fn().mockRejectedValue(new TypeError("Failed to fetch")));
    const error = await api.GET("/api/v1/runs").catch((reason: unknown) => reason);
    expect(error instanceof ApiError && error.isOffline).toBe(true);
  });

  it("lets an abort of the caller's be an abort", async () => {
    vi.stubGlobal("fetch", vi.fn().mockRejectedValue(new DOMException("aborted", "AbortError")));
    await expect(api.GET("/api/v1/runs")).rejects.toHaveProperty("name", "AbortError");
  });
});

describe("dataOf", () => {
  it("gives the body of an answer", () => {
    expect(dataOf({ data: 3 })).toBe(3);
  });

  it("refuses an answer without one", () => {
    expect(() => dataOf({})).toThrow(ApiError);
  });
});
