import { Link, useLocation } from "@tanstack/react-router";
import type { ComponentType } from "react";
import { useTranslation } from "react-i18next";
import { DataIcon, LaminaMark, ModelsIcon, RunsIcon, SettingsIcon } from "@/ui/icons";
import { LanguageSwitch } from "./LanguageSwitch";
import classes from "./NavigationRail.module.css";
import { ThemeSwitch } from "./ThemeSwitch";

interface Destination {
  to: "/" | "/runs" | "/data" | "/settings";
  label: string;
  Icon: ComponentType<{ size?: number }>;
  /** Addresses that belong to it besides its own. */
  alsoFor?: string;
}

export function NavigationRail() {
  const { t } = useTranslation("app");
  return (
    <nav className={classes.rail} aria-label={t("nav.label")}>
      <Link to="/" className={classes.home} aria-label={t("nav.home")}>
        <LaminaMark />
      </Link>
      <ul className={classes.list}>
        <RailLink to="/" label={t("nav.models")} Icon={ModelsIcon} alsoFor="/m/" />
        <RailLink to="/runs" label={t("nav.runs")} Icon={RunsIcon} />
        <RailLink to="/data" label={t("nav.data")} Icon={DataIcon} />
      </ul>
      <div className={classes.foot}>
        <div className={classes.switches}>
          <LanguageSwitch />
          <ThemeSwitch />
        </div>
        <ul className={classes.list}>
          <RailLink to="/settings" label={t("nav.settings")} Icon={SettingsIcon} />
        </ul>
      </div>
    </nav>
  );
}

function RailLink({ to, label, Icon, alsoFor }: Destination) {
  const isInside = useLocation({
    select: ({ pathname }) => alsoFor !== undefined && pathname.startsWith(alsoFor),
  });
  return (
    <li>
      <Link
        to={to}
        className={classes.link}
        activeOptions={{ exact: to === "/" }}
        data-inside={isInside || undefined}
      >
        <Icon size={18} />
        <span>{label}</span>
      </Link>
    </li>
  );
}
