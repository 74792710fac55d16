import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./problem";

/** A refusal is final; a lost server is asked again by the live connection's return. */
function shouldRetry(failures: number, error: Error): boolean {
  return error instanceof ApiError && error.isOffline && failures < 2;
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: 10_000, retry: shouldRetry, refetchOnWindowFocus: true, networkMode: "always" },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}
