import { useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { MoonIcon, SunIcon } from "@/ui/icons";
import classes from "./NavigationRail.module.css";

export function ThemeSwitch() {
  const { t } = useTranslation("app");
  const { setColorScheme } = useMantineColorScheme();
  const other = useComputedColorScheme("light") === "dark" ? "light" : "dark";
  const Icon = other === "light" ? SunIcon : MoonIcon;
  const label = t(`theme.${other}`);
  const name = t(`theme.to.${other}`);
  return (
    <button
      type="button"
      className={classes.link}
      aria-label={`${label}: ${name}`}
      title={name}
      onClick={() => setColorScheme(other)}
    >
      <Icon size={18} />
      <span>{label}</span>
    </button>
  );
}
