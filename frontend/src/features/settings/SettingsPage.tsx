import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Page } from "@/ui/Page";
import { Segmented } from "@/ui/Segmented";
import { About } from "./About";
import classes from "./settings.module.css";

export type Scheme = "light" | "dark" | "auto";

interface SettingsPageProps<Language extends string> {
  language: Language;
  languages: readonly { value: Language; label: string }[];
  onLanguage: (language: Language) => void;
  scheme: Scheme;
  onScheme: (scheme: Scheme) => void;
  /** The keys of the Studio, which knows them. */
  shortcuts: ReactNode;
}

/** What this browser remembers, the keys, and what is running. */
export function SettingsPage<Language extends string>({
  language,
  languages,
  onLanguage,
  scheme,
  onScheme,
  shortcuts,
}: SettingsPageProps<Language>) {
  const { t } = useTranslation("settings");
  const schemes = (["light", "dark", "auto"] as const).map((value) => ({
    value,
    label: t(`theme.${value}`),
  }));
  return (
    <Page title={t("title")}>
      <Section title={t("appearance")}>
        <Row label={t("language.label")} hint={t("language.hint")}>
          <Segmented label={t("language.label")} value={language} onChange={onLanguage} options={languages} />
        </Row>
        <Row label={t("theme.label")} hint={t("theme.hint")}>
          <Segmented label={t("theme.label")} value={scheme} onChange={onScheme} options={schemes} />
        </Row>
      </Section>
      <Section title={t("shortcuts.title")}>
        <div className={classes.shortcuts}>{shortcuts}</div>
      </Section>
      <Section title={t("about.title")}>
        <About />
      </Section>
    </Page>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={classes.section}>
      <h2 className={classes.heading}>{title}</h2>
      <div className={classes.box}>{children}</div>
    </section>
  );
}

function Row({ label, hint, children }: { label: string; hint: string; children: ReactNode }) {
  return (
    <div className={classes.row}>
      <div>
        <div className={classes.label}>{label}</div>
        <div className={classes.hint}>{hint}</div>
      </div>
      {children}
    </div>
  );
}
