import { Tooltip, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { MoonIcon, SunIcon } from "@/ui/icons";
import classes from "./NavigationRail.module.css";

export function ThemeSwitch() {
  const { t } = useTranslation("app");
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("light") === "dark";
  const label = isDark ? t("theme.toLight") : t("theme.toDark");
  return (
    <Tooltip label={label} position="right">
      <button
        type="button"
        className={classes.tool}
        aria-label={label}
        onClick={() => setColorScheme(isDark ? "light" : "dark")}
      >
        {isDark ? <SunIcon size={18} /> : <MoonIcon size={18} />}
      </button>
    </Tooltip>
  );
}
