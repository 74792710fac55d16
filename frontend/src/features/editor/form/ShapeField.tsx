import { useState } from "react";
import { useTranslation } from "react-i18next";
import { sameJson } from "@/graph/json";
import { TextControl, tied } from "./controls";
import type { ControlProps } from "./FieldFrame";
import { parseShape, showShape } from "./numbers";

/** A shape as text: `28, 28, 1`. */
export function ShapeField({ spec, value, onChange, ids }: ControlProps) {
  const { t } = useTranslation("editor");
  const [typed, setTyped] = useState<string | null>(null);
  const axes = Array.isArray(value) ? value.map((axis) => (typeof axis === "number" ? axis : null)) : [];
  const parsed = typed === null ? null : parseShape(typed);
  const isCurrent = typed !== null && (parsed === null || sameJson(parsed, axes));

  const type = (text: string) => {
    setTyped(text);
    const next = parseShape(text);
    if (next === null) return;
    if (next.length === 0) onChange(spec.nullable ? null : undefined);
    else onChange(next);
  };
  return (
    <TextControl
      {...tied(ids)}
      aria-invalid={ids.isInvalid || (typed !== null && parsed === null) || undefined}
      placeholder={spec.nullable ? t("form.none") : t("form.shapeHint")}
      value={isCurrent ? typed : showShape(axes)}
      onChange={(event) => type(event.currentTarget.value)}
      onBlur={() => setTyped(null)}
    />
  );
}
