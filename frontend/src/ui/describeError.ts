import type { TFunction } from "i18next";
import { ApiError, type Problem } from "@/api/problem";

export interface ErrorDescription {
  title: string;
  detail: string;
  problems: readonly Problem[];
}

/** An error for a reader: the server's own words where it gave some, ours where nobody answered. */
export function describeError(error: unknown, t: TFunction<"ui">): ErrorDescription {
  if (!(error instanceof ApiError)) {
    return {
      title: t("error.page.title"),
      detail: error instanceof Error ? error.message : "",
      problems: [],
    };
  }
  if (error.isOffline)
    return { title: t("error.offline.title"), detail: t("error.offline.detail"), problems: [] };
  if (error.status === 401) {
    return { title: t("error.signedOut.title"), detail: t("error.signedOut.detail"), problems: [] };
  }
  const repeated = error.message === error.title;
  return { title: error.title, detail: repeated ? "" : error.message, problems: error.problems };
}
