import { useMantineColorScheme } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { ShortcutList } from "@/features/editor/keyboard/ShortcutList";
import { SettingsPage } from "@/features/settings/SettingsPage";
import { changeLanguage, LANGUAGES } from "../i18n";

/** Each language by its own name. */
const NAMES = { en: "English", "zh-CN": "简体中文" } as const;

export function SettingsRoute() {
  const { i18n } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SettingsPage
      language={i18n.language === "zh-CN" ? "zh-CN" : "en"}
      languages={LANGUAGES.map((value) => ({ value, label: NAMES[value] }))}
      onLanguage={(language) => void changeLanguage(language)}
      scheme={colorScheme}
      onScheme={setColorScheme}
      shortcuts={<ShortcutList />}
    />
  );
}
