import { Skeleton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import classes from "./models.module.css";

const CARDS = ["first", "second", "third"];

export function CardsSkeleton() {
  const { t } = useTranslation("ui");
  return (
    <div className={classes.cards} role="status" aria-label={t("loading")}>
      {CARDS.map((card) => (
        <div key={card} className={classes.card}>
          <Skeleton className={classes.picture} radius={0} />
          <div className={classes.words}>
            <Skeleton height={16} width="55%" />
            <Skeleton height={13} width="80%" mt={8} />
          </div>
        </div>
      ))}
    </div>
  );
}
