/**
 * The pages' language: English and Simplified Chinese.
 *
 * Every folder with `locales/en.json` and `locales/zh-CN.json` is a namespace named after the folder.
 * A namespace is a chunk of its own, fetched in the language in use when a route first needs it.
 */
import i18next, { type BackendModule } from "i18next";
import { initReactI18next } from "react-i18next";
import { readPreference, writePreference } from "./preferences";

export const LANGUAGES = ["en", "zh-CN"] as const;
export type Language = (typeof LANGUAGES)[number];

const bundles = import.meta.glob<Record<string, unknown>>(
  ["../ui/locales/*.json", "./locales/*.json", "../features/*/locales/*.json"],
  { import: "default" },
);

function bundleOf(namespace: string, language: string) {
  return Object.entries(bundles).find(
    ([path]) =>
      path.endsWith(`${namespace}/locales/${language}.json`) ||
      (namespace === "app" && path === `./locales/${language}.json`),
  )?.[1];
}

const backend: BackendModule = {
  type: "backend",
  init() {},
  read(language, namespace, callback) {
    const load = bundleOf(namespace, language);
    if (!load) return callback(new Error(`No ${language} texts for "${namespace}"`), null);
    load().then(
      (texts) => callback(null, texts),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
    );
  },
};

/** The language to start in: what was chosen before, else the browser's. */
export function startLanguage(): Language {
  const wanted = readPreference("language") ?? navigator.language;
  return wanted.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
}

export async function startI18n(): Promise<void> {
  i18next.on("languageChanged", (language) => {
    document.documentElement.lang = language;
  });
  await i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: startLanguage(),
      fallbackLng: "en",
      supportedLngs: [...LANGUAGES],
      load: "currentOnly",
      ns: ["app", "ui"],
      defaultNS: "app",
      interpolation: { escapeValue: false },
      returnNull: false,
    });
}

/** Loads the texts of routes before they show, so that nothing flickers. */
export function loadTexts(...namespaces: string[]): Promise<void> {
  return i18next.loadNamespaces(namespaces);
}

export async function changeLanguage(language: Language): Promise<void> {
  writePreference("language", language);
  await i18next.changeLanguage(language);
}
