import { Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { LanguageIcon } from "@/ui/icons";
import { changeLanguage } from "./i18n";
import classes from "./NavigationRail.module.css";

/** One press to the other language; named in that language, so that who needs it can read it. */
export function LanguageSwitch() {
  const { i18n } = useTranslation("app");
  const other = i18n.language === "zh-CN" ? "en" : "zh-CN";
  const name = other === "zh-CN" ? "切换到简体中文" : "Switch to English";
  return (
    <Tooltip label={name} position="right">
      <button
        type="button"
        className={classes.tool}
        lang={other}
        aria-label={name}
        onClick={() => void changeLanguage(other)}
      >
        <LanguageIcon size={18} />
      </button>
    </Tooltip>
  );
}
