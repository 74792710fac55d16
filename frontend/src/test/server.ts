/** A server for tests: answers by method and path, and remembers what it was asked. */
import { vi } from "vitest";

type Answer = unknown | ((body: unknown) => unknown);

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export class Refusal {
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, body: unknown) {
    this.status = status;
    this.body = body;
  }
}

/** Answers of `"GET /api/v1/runs"` and the like; what is not listed is refused with 404. */
export function serve(answers: Record<string, Answer>): Asked[] {
  const asked: Asked[] = [];
  const fetch = async (target: Request | string, init?: RequestInit) => {
    const request = new Request(typeof target === "string" ? new URL(target, location.href) : target, init);
    const { pathname } = new URL(request.url);
    const sent = await request.text();
    const body: unknown = sent ? JSON.parse(sent) : null;
    asked.push({ method: request.method, path: pathname, body });
    const answer =
      answers[`${request.method} ${pathname}`] ?? new Refusal(404, { title: "Not found", status: 404 });
    const value = typeof answer === "function" ? answer(body) : answer;
    const [status, content] = value instanceof Refusal ? [value.status, value.body] : [200, value];
    return new Response(JSON.stringify(content), { status, headers: { "Content-Type": "application/json" } });
  };
  vi.stubGlobal("fetch", fetch);
  return asked;
}
