import { useTranslation } from "react-i18next";
import { FactList } from "./FactList";
import classes from "./run.module.css";
import { flatten } from "./settings";

/** Where it ran: versions and hardware, by the names that the trainer gives them. */
export function Environment({ environment }: { environment: Readonly<Record<string, unknown>> }) {
  const { t } = useTranslation("run");
  const rows = flatten(environment).map(({ key, value }) => ({ name: key.replaceAll("_", " "), value }));
  if (rows.length === 0) return <p className={classes.none}>{t("environment.none")}</p>;
  return <FactList rows={rows} />;
}
