import { useTranslation } from "react-i18next";
import type { Json } from "@/graph/json";
import { sameName, snakeCase } from "@/graph/names";
import { readChoice } from "@/graph/training";
import { CloseIcon } from "@/ui/icons";
import { useEditor, useTraining } from "../EditorContext";
import { SelectControl, tied } from "../form/controls";
import { FieldFrame } from "../form/FieldFrame";
import classes from "./Inspector.module.css";
import type { Said } from "./said";

const NONE: readonly Json[] = [];

/** What is watched besides the loss. */
export function MetricsField({ said }: { said: Said }) {
  const { t } = useTranslation("editor");
  const { catalogue, actions } = useEditor();
  const value = useTraining((training) => training.metrics);
  const metrics: readonly Json[] = Array.isArray(value) ? value : NONE;
  const names = metrics.map((metric) => readChoice(metric)?.type ?? "?");
  const rest = catalogue.metrics.filter((metric) => !names.some((name) => sameName(name, metric.name)));
  return (
    <FieldFrame label={t("training.metrics")} {...said}>
      {(ids) => (
        <>
          {names.length > 0 && (
            <ul className={classes.chips}>
              {names.map((name, index) => (
                <li key={name} className={classes.chip}>
                  {name}
                  <button
                    type="button"
                    className={classes.chipRemove}
                    aria-label={t("training.removeMetric", { name })}
                    onClick={() =>
                      actions.setTraining(
                        "metrics",
                        metrics.filter((_, at) => at !== index),
                      )
                    }
                  >
                    <CloseIcon size={12} />
                  </button>
                </li>
              ))}
            </ul>
          )}
          <SelectControl
            {...tied(ids)}
            value=""
            onChange={(event) =>
              actions.setTraining("metrics", [...metrics, snakeCase(event.currentTarget.value)])
            }
          >
            <option value="" disabled>
              {t("training.addMetric")}
            </option>
            {rest.map((metric) => (
              <option key={metric.name} value={metric.name}>
                {metric.name}
              </option>
            ))}
          </SelectControl>
        </>
      )}
    </FieldFrame>
  );
}
