import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Json, sameJson } from "@/graph/json";
import { TextControl, tied } from "./controls";
import type { ControlProps } from "./FieldFrame";
import { readList, showList } from "./numbers";

/** One value or several as text: `0.2` or `0, 255`. */
export function ListField({ spec, value, onChange, ids }: ControlProps) {
  const { t } = useTranslation("editor");
  const [typed, setTyped] = useState<string | null>(null);
  // An emptied field stays empty while it is typed in, though its default holds meanwhile.
  const isCurrent = typed !== null && (typed.trim() === "" || sameJson(readList(typed), value));
  const type = (text: string) => {
    setTyped(text);
    const next: Json | undefined = text.trim() === "" ? (spec.nullable ? null : undefined) : readList(text);
    onChange(next);
  };
  return (
    <TextControl
      {...tied(ids)}
      placeholder={spec.nullable ? t("form.none") : ""}
      value={isCurrent ? typed : showList(value)}
      onChange={(event) => type(event.currentTarget.value)}
      onBlur={() => setTyped(null)}
    />
  );
}
