import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { datasetsQuery } from "@/api/queries";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Page } from "@/ui/Page";
import { DatasetCard } from "./DatasetCard";
import { DatasetsSkeleton } from "./DatasetsSkeleton";
import classes from "./data.module.css";

/** The datasets that a model can be trained on, and what each looks like. */
export function DataPage() {
  const { t } = useTranslation("data");
  const datasets = useQuery(datasetsQuery);
  return (
    <Page title={t("title")} lead={t("lead")}>
      {datasets.isLoadingError && (
        <ErrorNotice error={datasets.error} onRetry={() => void datasets.refetch()} />
      )}
      {datasets.isPending && <DatasetsSkeleton />}
      {datasets.data && (
        <ul className={classes.list}>
          {datasets.data.map((dataset) => (
            <li key={dataset.id}>
              <DatasetCard dataset={dataset} />
            </li>
          ))}
        </ul>
      )}
    </Page>
  );
}
