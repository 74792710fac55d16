import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Dataset } from "@/api/queries";
import { localize } from "@/api/text";
import { formatBytes, formatCount } from "@/ui/format";
import { DatasetAvailability } from "./DatasetAvailability";
import { DatasetPreview } from "./DatasetPreview";
import classes from "./data.module.css";

/** One dataset: what it is, how large, whether it is here, and a look into it. */
export function DatasetCard({ dataset }: { dataset: Dataset }) {
  const { t, i18n } = useTranslation("data");
  const { language } = i18n;
  const count = (value: number) => formatCount(value, language);
  return (
    <article className={classes.card} aria-labelledby={`dataset-${dataset.id}`}>
      <div className={classes.facts}>
        <h2 className={classes.name} id={`dataset-${dataset.id}`}>
          {localize(dataset.title, language)}
        </h2>
        <p className={classes.summary}>{localize(dataset.summary, language)}</p>
        <dl className={classes.details}>
          <Fact name={t("fact.input")}>{dataset.input_shape.join(" × ")}</Fact>
          <Fact name={t("fact.target")}>
            {dataset.classes ? t("fact.classes", { count: dataset.classes.length }) : t("fact.value")}
          </Fact>
          <Fact name={t("fact.samples")}>
            {t("fact.split", { train: count(dataset.n_train), test: count(dataset.n_test) })}
          </Fact>
          {dataset.download_bytes > 0 && (
            <Fact name={t("fact.size")}>{formatBytes(dataset.download_bytes, language)}</Fact>
          )}
          <Fact name={t("fact.license")}>{dataset.license}</Fact>
          <Fact name={t("fact.source")} isWide>
            {localize(dataset.source, language)}
          </Fact>
        </dl>
        <DatasetAvailability dataset={dataset} />
      </div>
      <div className={classes.preview}>
        {dataset.state === "ready" ? (
          <DatasetPreview dataset={dataset} />
        ) : (
          <p className={classes.absent}>{t("preview.absent")}</p>
        )}
      </div>
    </article>
  );
}

interface FactProps {
  name: string;
  children: ReactNode;
  isWide?: boolean;
}

function Fact({ name, children, isWide = false }: FactProps) {
  return (
    <div className={classes.fact} data-wide={isWide || undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
