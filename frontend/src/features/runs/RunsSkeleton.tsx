import { Skeleton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import classes from "./runs.module.css";

const ROWS = ["first", "second", "third", "fourth", "fifth"];

export function RunsSkeleton() {
  const { t } = useTranslation("ui");
  return (
    <div role="status" aria-label={t("loading")}>
      <div className={classes.toolbar}>
        <Skeleton height={30} width={260} />
        <Skeleton height={30} width={240} />
      </div>
      <div className={classes.frame}>
        {ROWS.map((row) => (
          <div key={row} className={classes.skeletonRow}>
            <Skeleton height={14} width="22%" />
            <Skeleton height={14} width="9%" />
            <Skeleton height={14} width="16%" />
            <Skeleton height={14} width="8%" />
            <Skeleton height={14} width="8%" />
          </div>
        ))}
      </div>
    </div>
  );
}
