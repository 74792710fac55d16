import { Skeleton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import classes from "./data.module.css";

const CARDS = ["first", "second", "third"];

export function DatasetsSkeleton() {
  const { t } = useTranslation("ui");
  return (
    <div className={classes.list} role="status" aria-label={t("loading")}>
      {CARDS.map((card) => (
        <div key={card} className={classes.card}>
          <div className={classes.facts}>
            <Skeleton height={20} width="40%" />
            <Skeleton height={14} width="85%" mt={10} />
            <Skeleton height={14} width="60%" mt={8} />
          </div>
          <Skeleton height={120} className={classes.preview} />
        </div>
      ))}
    </div>
  );
}
