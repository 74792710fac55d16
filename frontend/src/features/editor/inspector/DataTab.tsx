import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { datasetPreviewQuery, datasetsQuery } from "@/api/queries";
import { localize } from "@/api/text";
import { isObject } from "@/graph/json";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { formatCount } from "@/ui/format";
import { useEditor, useTraining } from "../EditorContext";
import classes from "./Inspector.module.css";

const SHOWN_SAMPLES = 12;

/** The dataset that the model learns from. */
export function DataTab() {
  const { t, i18n } = useTranslation("editor");
  const { actions } = useEditor();
  const datasets = useQuery(datasetsQuery);
  const chosen = useTraining((training) => (isObject(training.dataset) ? training.dataset.id : undefined));
  if (datasets.isError) return <ErrorNotice error={datasets.error} onRetry={() => void datasets.refetch()} />;
  return (
    <div className={classes.stack}>
      <fieldset className={classes.datasets}>
        <legend className={classes.subtitle}>{t("data.choose")}</legend>
        {datasets.data?.map((dataset) => (
          <label
            key={dataset.id}
            className={classes.dataset}
            data-chosen={dataset.id === chosen || undefined}
          >
            <input
              type="radio"
              name="dataset"
              value={dataset.id}
              checked={dataset.id === chosen}
              onChange={() => actions.setTraining("dataset", { id: dataset.id })}
            />
            <span className={classes.datasetText}>
              <span className={classes.datasetTitle}>{localize(dataset.title, i18n.language)}</span>
              <span className={classes.dim}>{localize(dataset.summary, i18n.language)}</span>
              <span className={classes.datasetFacts}>
                {t("data.facts", {
                  shape: dataset.input_shape.join(" × "),
                  shown: formatCount(dataset.n_train + dataset.n_test, i18n.language),
                })}
                {" · "}
                {t(`data.${dataset.state}`)}
              </span>
            </span>
          </label>
        ))}
      </fieldset>
      {typeof chosen === "string" &&
        datasets.data?.some((dataset) => dataset.id === chosen && dataset.state === "ready") && (
          <Samples dataset={chosen} />
        )}
    </div>
  );
}

function Samples({ dataset }: { dataset: string }) {
  const { t } = useTranslation("editor");
  const preview = useQuery(datasetPreviewQuery(dataset));
  const pictures =
    preview.data?.items.filter((sample) => sample.image !== null).slice(0, SHOWN_SAMPLES) ?? [];
  if (pictures.length === 0) return null;
  return (
    <section>
      <h3 className={classes.subtitle}>{t("data.samples")}</h3>
      <ul className={classes.samples}>
        {pictures.map((sample, index) => {
          const label = sample.label ?? String(sample.target);
          return (
            <li key={index} className={classes.sample}>
              <img src={sample.image ?? ""} alt="" />
              <span>{label}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
