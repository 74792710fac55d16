import { useTranslation } from "react-i18next";
import { TextControl, tied } from "./controls";
import type { ControlProps } from "./FieldFrame";

export function TextField({ spec, value, onChange, ids }: ControlProps) {
  const { t } = useTranslation("editor");
  return (
    <TextControl
      {...tied(ids)}
      placeholder={spec.nullable ? t("form.none") : ""}
      value={typeof value === "string" || typeof value === "number" ? String(value) : ""}
      onChange={(event) => {
        const text = event.currentTarget.value;
        onChange(text === "" ? (spec.nullable ? null : undefined) : text);
      }}
    />
  );
}
