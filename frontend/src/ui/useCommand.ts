import { type QueryKey, type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { describeError } from "./describeError";
import { showToast } from "./toastStore";

/**
 * A command to the server: what it changed is asked for again, and a refusal is said in a toast.
 *
 * @param changes - The queries whose answers the command makes stale.
 */
export function useCommand<Input, Output>(
  command: (input: Input) => Promise<Output>,
  changes: QueryKey,
): UseMutationResult<Output, Error, Input> {
  const { t } = useTranslation("ui");
  const queries = useQueryClient();
  return useMutation({
    mutationFn: command,
    onError: (error) => {
      const { title, detail, problems } = describeError(error, t);
      showToast("error", problems[0]?.message ?? (detail || title));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: changes }),
  });
}
