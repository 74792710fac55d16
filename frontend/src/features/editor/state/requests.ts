/** What an error of a request means for what was asked. */

import type { ApiError } from "@/api/problem";

/** Nobody answered, or something in between said that nobody does. */
export function isAway(error: ApiError): boolean {
  return error.isOffline || [502, 503, 504].includes(error.status);
}
