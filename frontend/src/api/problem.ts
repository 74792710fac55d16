/** What the server answers when it refuses: RFC 9457 problem details, or what stands in for them. */

import type { components } from "./schema";

/** One finding of the graph and training check, as the server words it in the request's language. */
export type Problem = components["schemas"]["GraphProblem"];

interface ProblemDetails {
  title: string;
  status: number;
  detail: string;
  code: string | null;
  problems: readonly Problem[];
}

/** A request that failed: refused by the server (`status` above 0) or never answered (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly title: string;
  readonly problems: readonly Problem[];

  constructor(details: ProblemDetails) {
    super(details.detail || details.title);
    this.name = "ApiError";
    this.status = details.status;
    this.code = details.code;
    this.title = details.title;
    this.problems = details.problems;
  }

  /** No answer arrived: the server is gone or the network is. */
  get isOffline(): boolean {
    return this.status === 0;
  }

  static signedOut(): ApiError {
    return new ApiError({ title: "", status: 401, detail: "", code: "unauthenticated", problems: [] });
  }

  static offline(): ApiError {
    return new ApiError({ title: "", status: 0, detail: "", code: "offline", problems: [] });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The server's list is taken as it stands once it is one: each item has at least something to read. */
function isProblem(value: unknown): value is Problem {
  return isRecord(value) && text(value.message) !== "";
}

/** Reads an error body of any kind: a proxy's HTML page becomes its status line, never a crash. */
export function readProblemDetails(body: unknown, status: number, statusText: string): ApiError {
  const fallback = statusText || `HTTP ${status}`;
  if (!isRecord(body)) return new ApiError({ title: fallback, status, detail: "", code: null, problems: [] });
  const problems = Array.isArray(body.problems) ? body.problems.filter(isProblem) : [];
  return new ApiError({
    title: text(body.title) || fallback,
    status,
    detail: text(body.detail),
    code: text(body.code) || null,
    problems,
  });
}
