import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type Dataset, datasetPreviewQuery, type DatasetPreview as Preview } from "@/api/queries";
import { localize } from "@/api/text";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { formatMetric } from "@/ui/format";
import { ScrollRegion } from "@/ui/ScrollRegion";
import classes from "./data.module.css";

/** A few samples: pictures with their class beneath, or the rows of a table. */
export function DatasetPreview({ dataset }: { dataset: Dataset }) {
  const { t, i18n } = useTranslation("data");
  const preview = useQuery(datasetPreviewQuery(dataset.id));
  if (preview.isPending) return <Skeleton height={120} />;
  if (preview.isLoadingError)
    return <ErrorNotice error={preview.error} onRetry={() => void preview.refetch()} />;
  const label = t("preview.label");
  return preview.data.columns ? (
    <TablePreview
      preview={preview.data}
      columns={preview.data.columns.map((column) => localize(column, i18n.language))}
      label={label}
    />
  ) : (
    <PicturePreview preview={preview.data} label={label} />
  );
}

type Sample = Preview["items"][number];

const nameOf = (sample: Sample) => sample.label ?? formatMetric(sample.target);

function PicturePreview({ preview, label }: { preview: Preview; label: string }) {
  return (
    <ul className={classes.pictures} aria-label={label}>
      {preview.items.map((sample, index) => (
        <li key={index} className={classes.picture}>
          {sample.image && <img src={sample.image} alt={nameOf(sample)} />}
          <span aria-hidden="true">{nameOf(sample)}</span>
        </li>
      ))}
    </ul>
  );
}

interface TablePreviewProps {
  preview: Preview;
  columns: readonly string[];
  label: string;
}

function TablePreview({ preview, columns, label }: TablePreviewProps) {
  const { t } = useTranslation("data");
  return (
    <ScrollRegion className={classes.tableFrame} aria-label={label}>
      <table className={classes.table}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
            <th scope="col">{t("preview.target")}</th>
          </tr>
        </thead>
        <tbody>
          {preview.items.map((sample, row) => (
            <tr key={row}>
              {columns.map((column, index) => (
                <td key={column}>{trim(sample.values?.[index])}</td>
              ))}
              <td className={classes.target}>{nameOf(sample)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function trim(value: number | undefined): string {
  return value === undefined ? "" : String(Number(value.toPrecision(4)));
}
