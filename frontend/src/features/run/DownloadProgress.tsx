import { useTranslation } from "react-i18next";
import type { Download } from "@/live/liveRun";
import { formatBytes } from "@/ui/format";
import { ProgressBar } from "@/ui/ProgressBar";
import classes from "./run.module.css";

/** The bytes of a dataset that a run fetches before it trains. */
export function DownloadProgress({ download }: { download: Download }) {
  const { t, i18n } = useTranslation("run");
  const { dataset, received, total } = download;
  const bytes = (value: number) => formatBytes(value, i18n.language);
  const label = t("status.downloading", { dataset });
  return (
    <>
      <ProgressBar value={total ? received / total : null} label={label} />
      <p className={classes.facts}>
        <span>{label}</span>
        <span className="lm-num">
          {total ? t("status.bytes", { received: bytes(received), total: bytes(total) }) : bytes(received)}
        </span>
      </p>
    </>
  );
}
