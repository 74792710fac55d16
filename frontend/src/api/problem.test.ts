import { describe, expect, it } from "vitest";
import { ApiError, readProblemDetails } from "./problem";

const problem = {
  code: "shape_mismatch",
  severity: "error",
  message: "Dense needs 2 axes",
  node: "d",
  fixes: [],
};

describe("readProblemDetails", () => {
  it("takes the server's words", () => {
    const body = {
      title: "Not valid",
      status: 422,
      detail: "Two problems.",
      code: "graph_invalid",
      problems: [problem],
    };
    const error = readProblemDetails(body, 422, "Unprocessable Content");
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      title: "Not valid",
      message: "Two problems.",
      status: 422,
      code: "graph_invalid",
    });
    expect(error.problems).toEqual([problem]);
  });

  it("leaves out what is no problem", () => {
    const error = readProblemDetails(
      { title: "No", problems: [problem, null, "x", { code: "empty" }] },
      422,
      "",
    );
    expect(error.problems).toEqual([problem]);
  });

  it.each([
    ["a proxy's page", null, "Bad Gateway"],
    ["a list", [], "Bad Gateway"],
    ["nothing at all", undefined, "Bad Gateway"],
  ])("reads %s as its status line", (_name, body, statusText) => {
    expect(readProblemDetails(body, 502, statusText)).toMatchObject({
      title: "Bad Gateway",
      status: 502,
      problems: [],
    });
  });

  it("has a title even without a status line", () => {
    expect(readProblemDetails({}, 500, "").title).toBe("HTTP 500");
  });
});
