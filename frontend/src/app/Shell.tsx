import { Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ConnectionBanner } from "./ConnectionBanner";
import { NavigationRail } from "./NavigationRail";
import classes from "./Shell.module.css";
import { useRunsChannel } from "./useRunsChannel";

/** What stands around every page: the way to the others, and word of a lost server. */
export function Shell() {
  const { t } = useTranslation("app");
  useRunsChannel();
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#main">
        {t("skip")}
      </a>
      <NavigationRail />
      <div className={classes.column}>
        <ConnectionBanner />
        <main id="main" className={classes.main} tabIndex={-1}>
          <Outlet />
        </main>
      </div>
    </div>
  );
}
