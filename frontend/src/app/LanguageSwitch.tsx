import { useTranslation } from "react-i18next";
import { LanguageIcon } from "@/ui/icons";
import { changeLanguage } from "./i18n";
import classes from "./NavigationRail.module.css";

/** Named in the language that it leads to, so that who needs it can read it. */
const OTHER = {
  en: { language: "zh-CN", label: "中文", name: "切换到简体中文" },
  "zh-CN": { language: "en", label: "English", name: "Switch to English" },
} as const;

/** One press to the other language. */
export function LanguageSwitch() {
  const { i18n } = useTranslation("app");
  const { language, label, name } = OTHER[i18n.language === "zh-CN" ? "zh-CN" : "en"];
  return (
    <button
      type="button"
      className={classes.link}
      lang={language}
      aria-label={`${label}: ${name}`}
      title={name}
      onClick={() => void changeLanguage(language)}
    >
      <LanguageIcon size={18} />
      <span>{label}</span>
    </button>
  );
}
