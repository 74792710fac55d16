import { useTranslation } from "react-i18next";
import { FactList } from "./FactList";
import classes from "./run.module.css";
import { flatten } from "./settings";

const KNOWN = ["platform", "machine", "cpus", "threads", "device", "device_name"] as const;

/** Where it ran: hardware in words, versions under the names of what they are of. */
export function Environment({ environment }: { environment: Readonly<Record<string, unknown>> }) {
  const { t } = useTranslation("run");
  const rows = flatten(environment).map(({ key, value }) => {
    const known = KNOWN.find((name) => name === key);
    return { name: known ? t(`environment.${known}`) : key.replaceAll("_", " "), value };
  });
  if (rows.length === 0) return <p className={classes.none}>{t("environment.none")}</p>;
  return <FactList rows={rows} />;
}
