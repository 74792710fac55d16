import { useTranslation } from "react-i18next";
import classes from "./run.module.css";

interface FactListProps {
  rows: readonly { name: string; value: string | boolean }[];
}

export function FactList({ rows }: FactListProps) {
  const { t } = useTranslation("run");
  return (
    <dl className={classes.factList}>
      {rows.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{typeof value === "boolean" ? t(value ? "settings.yes" : "settings.no") : value}</dd>
        </div>
      ))}
    </dl>
  );
}
