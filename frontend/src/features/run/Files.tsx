import { Skeleton } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { artifactsQuery, artifactUrl, type Run } from "@/api/runs";
import { useLiveRun, useLiveRunState } from "@/live/useLiveRun";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { formatBytes } from "@/ui/format";
import { CheckIcon, DownloadIcon } from "@/ui/icons";
import { hasEnded } from "@/ui/runState";
import classes from "./run.module.css";

/** What the run left, each file a download. */
export function Files({ run }: { run: Run }) {
  const { t, i18n } = useTranslation("run");
  const artifacts = useQuery(artifactsQuery(run.id));
  useFreshFiles(run.id);
  if (artifacts.isPending) return <Skeleton height={36} />;
  if (artifacts.isLoadingError) {
    return <ErrorNotice error={artifacts.error} onRetry={() => void artifacts.refetch()} />;
  }
  if (artifacts.data.length === 0) {
    return <p className={classes.none}>{hasEnded(run.state) ? t("files.none") : t("files.later")}</p>;
  }
  return (
    <ul className={classes.files}>
      {artifacts.data.map((file) => (
        <li key={file.name} className={classes.file}>
          <a href={artifactUrl(run.id, file.name)} download className={classes.fileLink}>
            <DownloadIcon />
            {file.name}
          </a>
          {file.verified && (
            <span className={classes.verified} title={t("files.verifiedHint")}>
              <CheckIcon size={14} />
              {t("files.verified")}
            </span>
          )}
          <span className={classes.fileSize}>{formatBytes(file.bytes, i18n.language)}</span>
        </li>
      ))}
    </ul>
  );
}

/** Asks for the list again when the stream tells of another file. */
function useFreshFiles(runId: string): void {
  const queries = useQueryClient();
  const announced = useLiveRunState(useLiveRun(runId), (state) => state.artifacts);
  useEffect(() => {
    if (announced > 0) void queries.invalidateQueries({ queryKey: artifactsQuery(runId).queryKey });
  }, [announced, queries, runId]);
}
