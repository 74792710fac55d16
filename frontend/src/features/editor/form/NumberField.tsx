import { useTranslation } from "react-i18next";
import type { ControlProps } from "./FieldFrame";
import { NumberInput } from "./NumberInput";

export function NumberField({ spec, value, onChange, ids }: ControlProps) {
  const { t } = useTranslation("editor");
  return (
    <NumberInput
      id={ids.id}
      describedBy={ids.describedBy}
      isInvalid={ids.isInvalid}
      value={typeof value === "number" ? value : null}
      whole={spec.widget === "int"}
      minimum={spec.minimum}
      maximum={spec.maximum}
      placeholder={spec.nullable ? t("form.none") : ""}
      onChange={(next) => onChange(next ?? (spec.nullable ? null : undefined))}
    />
  );
}
