import type { QueryClient } from "@tanstack/react-query";
import { redirect } from "@tanstack/react-router";
import { modelsQuery } from "@/api/queries";
import { readPreference, writePreference } from "./preferences";

/**
 * Who comes for the first time, with nothing saved, begins in the Studio with a model that works.
 *
 * A server that does not answer is the page's to tell, which asks the same.
 */
export async function openStudioAtFirstVisit(queryClient: QueryClient): Promise<void> {
  if (readPreference("visited")) return;
  const models = await queryClient.fetchQuery(modelsQuery).catch(() => null);
  if (!models) return;
  writePreference("visited", "yes");
  if (models.length === 0) throw redirect({ to: "/m/$model", params: { model: "new" }, replace: true });
}
