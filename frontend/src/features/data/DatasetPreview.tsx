import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type Dataset, type DatasetPreview as Preview, datasetPreviewQuery } from "@/api/queries";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { formatMetric } from "@/ui/format";
import classes from "./data.module.css";

/** A few samples: pictures with their class beneath, or the rows of a table. */
export function DatasetPreview({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation("data");
  const preview = useQuery(datasetPreviewQuery(dataset.id));
  if (preview.isPending) return <Skeleton height={120} />;
  if (preview.isError) return <ErrorNotice error={preview.error} onRetry={() => void preview.refetch()} />;
  const label = t("preview.label");
  return preview.data.columns ? (
    <TablePreview preview={preview.data} columns={preview.data.columns} label={label} />
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
        // biome-ignore lint/suspicious/noArrayIndexKey: samples have no identity and never move
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
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className={classes.tableFrame} aria-label={label} tabIndex={0}>
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
            // biome-ignore lint/suspicious/noArrayIndexKey: samples have no identity and never move
            <tr key={row}>
              {columns.map((column, index) => (
                <td key={column}>{trim(sample.values?.[index])}</td>
              ))}
              <td className={classes.target}>{nameOf(sample)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function trim(value: number | undefined): string {
  return value === undefined ? "" : String(Number(value.toPrecision(4)));
}
