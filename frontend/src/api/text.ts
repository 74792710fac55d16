import type { components } from "./schema";

/** A text that the server states once, in both languages. */
export type Text = components["schemas"]["LocalText"];

export type Language = keyof Text;

/** The text in a language; English when an older server left the other out. */
export function localize(text: Text, language: string): string {
  return (language.startsWith("zh") ? text["zh-CN"] : text.en) || text.en;
}

/** The text in a value off the wire: one text for both languages, or one for each; null for anything else. */
export function bilingual(value: unknown): Text | null {
  if (typeof value === "string") return { en: value, "zh-CN": value };
  if (typeof value !== "object" || value === null) return null;
  const { en, "zh-CN": zh } = value as Partial<Record<keyof Text, unknown>>;
  return typeof en === "string" ? { en, "zh-CN": typeof zh === "string" ? zh : en } : null;
}
