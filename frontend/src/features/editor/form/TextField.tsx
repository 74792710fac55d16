import { TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { ControlProps } from "./FieldFrame";

export function TextField({ spec, value, onChange, ids }: ControlProps) {
  const { t } = useTranslation("editor");
  return (
    <TextInput
      id={ids.id}
      size="xs"
      autoComplete="off"
      aria-describedby={ids.describedBy}
      aria-invalid={ids.isInvalid || undefined}
      error={ids.isInvalid}
      placeholder={spec.nullable ? t("form.none") : ""}
      value={typeof value === "string" || typeof value === "number" ? String(value) : ""}
      onChange={(event) => {
        const text = event.currentTarget.value;
        onChange(text === "" ? (spec.nullable ? null : undefined) : text);
      }}
    />
  );
}
