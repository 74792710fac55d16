import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { datasetsQuery } from "@/api/queries";
import { localize } from "@/api/text";
import { isObject } from "@/graph/json";
import { useEditor, useTraining } from "../EditorContext";
import { SelectControl, tied } from "../form/controls";
import { FieldFrame } from "../form/FieldFrame";
import type { Said } from "./said";

/** The dataset in one line; the Data tab shows them all at length. */
export function DatasetSelect({ said }: { said: Said }) {
  const { t, i18n } = useTranslation("editor");
  const { actions } = useEditor();
  const { data = [] } = useQuery(datasetsQuery);
  const value = useTraining((training) => (isObject(training.dataset) ? training.dataset.id : undefined));
  const chosen = typeof value === "string" ? value : "";
  return (
    <FieldFrame label={t("training.dataset")} {...said}>
      {(ids) => (
        <SelectControl
          {...tied(ids)}
          value={chosen}
          onChange={(event) => actions.setTraining("dataset", { id: event.currentTarget.value })}
        >
          {!data.some((dataset) => dataset.id === chosen) && (
            <option value={chosen}>{chosen === "" ? t("form.choose") : chosen}</option>
          )}
          {data.map((dataset) => (
            <option key={dataset.id} value={dataset.id}>
              {localize(dataset.title, i18n.language)}
            </option>
          ))}
        </SelectControl>
      )}
    </FieldFrame>
  );
}
