import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { healthQuery } from "@/api/queries";
import classes from "./settings.module.css";

export function About() {
  const { t } = useTranslation("settings");
  const health = useQuery(healthQuery);
  return (
    <dl className={classes.about}>
      <div>
        <dt>{t("about.version")}</dt>
        <dd className="lm-num">{health.data?.version ?? "–"}</dd>
      </div>
      <div>
        <dt>{t("about.license")}</dt>
        <dd>Apache-2.0</dd>
      </div>
      <div>
        <dt>{t("about.privacy")}</dt>
        <dd>{t("about.privacyText")}</dd>
      </div>
    </dl>
  );
}
