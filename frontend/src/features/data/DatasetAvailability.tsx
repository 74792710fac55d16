import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { cancelDownload, startDownload } from "@/api/commands";
import { type Dataset, datasetsQuery } from "@/api/queries";
import { localize } from "@/api/text";
import { formatBytes } from "@/ui/format";
import { CheckIcon, DownloadIcon } from "@/ui/icons";
import { ProgressBar } from "@/ui/ProgressBar";
import { useCommand } from "@/ui/useCommand";
import classes from "./data.module.css";

/** Whether the dataset is on this machine, and the way to get it there. */
export function DatasetAvailability({ dataset }: { dataset: Dataset }) {
  const { t, i18n } = useTranslation("data");
  const start = useCommand(startDownload, datasetsQuery.queryKey);
  const cancel = useCommand(cancelDownload, datasetsQuery.queryKey);
  const bytes = (value: number) => formatBytes(value, i18n.language);
  if (dataset.state === "ready") {
    return (
      <p className={classes.ready}>
        <CheckIcon />
        {t("state.ready")}
      </p>
    );
  }
  if (dataset.state === "downloading") {
    const label =
      dataset.total > 0
        ? t("state.progress", { received: bytes(dataset.received), total: bytes(dataset.total) })
        : t("state.received", { received: bytes(dataset.received) });
    return (
      <div className={classes.download}>
        <ProgressBar
          value={dataset.total > 0 ? dataset.received / dataset.total : null}
          label={t("state.downloading")}
        />
        <div className={classes.downloadRow}>
          <span className="lm-num">{label}</span>
          <Button
            variant="default"
            size="compact-xs"
            loading={cancel.isPending}
            onClick={() => cancel.mutate(dataset.id)}
          >
            {t("action.cancel")}
          </Button>
        </div>
      </div>
    );
  }
  return (
    <div className={classes.download}>
      {dataset.message && (
        <p className={classes.failed} role="alert">
          {localize(dataset.message, i18n.language)}
        </p>
      )}
      <div>
        <Button
          variant="default"
          leftSection={<DownloadIcon />}
          loading={start.isPending}
          onClick={() => start.mutate(dataset.id)}
        >
          {dataset.download_bytes > 0
            ? t("action.download", { size: bytes(dataset.download_bytes) })
            : t("action.prepare")}
        </Button>
      </div>
    </div>
  );
}
