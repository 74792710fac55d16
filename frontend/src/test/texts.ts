/** Every text of the application, as i18next takes them. */
type Bundle = Record<string, unknown>;

const files = import.meta.glob<Bundle>("../**/locales/*.json", { eager: true, import: "default" });

/** By language, then namespace. */
export const TEXTS = Object.entries(files).reduce<Record<string, Record<string, Bundle>>>(
  (texts, [path, bundle]) => {
    const [, namespace = "", language = ""] = /([^/]+)\/locales\/([^/]+)\.json$/.exec(path) ?? [];
    texts[language] = { ...texts[language], [namespace]: bundle };
    return texts;
  },
  {},
);
