import type { components } from "./schema";

/** A text that the server states once, in both languages. */
export type Text = components["schemas"]["LocalText"];

export type Language = keyof Text;

/** The text in a language; English when an older server left the other out. */
export function localize(text: Text, language: string): string {
  return (language.startsWith("zh") ? text["zh-CN"] : text.en) || text.en;
}
