/** The one HTTP client: typed by the server's OpenAPI document, in the reader's language, errors as `ApiError`. */
import createClient, { type Middleware } from "openapi-fetch";
import { ApiError, readProblemDetails } from "./problem";
import type { paths } from "./schema";

async function readBody(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Sends the page's language: problems and messages come back in it. */
const language: Middleware = {
  onRequest({ request }) {
    request.headers.set("Accept-Language", document.documentElement.lang || "en");
    return request;
  },
};

const failures: Middleware = {
  async onResponse({ response }) {
    if (!response.ok)
      throw readProblemDetails(await readBody(response), response.status, response.statusText);
    return response;
  },
  onError({ error }) {
    // The caller's own abort stays an abort; anything else that `fetch` throws means that nobody answered.
    if (error instanceof DOMException && error.name === "AbortError") return undefined;
    return ApiError.offline();
  },
};

export const api = createClient<paths>({
  baseUrl: location.origin,
  fetch: (request) => globalThis.fetch(request),
});
api.use(language, failures);

/**
 * The data of an answer that arrived.
 *
 * Failures are thrown by the client as `ApiError`, so a missing body can only be an empty answer.
 */
export function dataOf<T>(result: { data?: T }): T {
  if (result.data === undefined)
    throw new ApiError({ title: "", status: 204, detail: "", code: null, problems: [] });
  return result.data;
}
