import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Json, sameJson } from "@/graph/json";
import { TextControl, tied } from "./controls";
import type { ControlProps } from "./FieldFrame";
import classes from "./form.module.css";
import { parseShape, showShape } from "./numbers";

/** A shape as text: `28, 28, 1`. */
export function ShapeField({ spec, value, onChange, ids }: ControlProps) {
  const { t } = useTranslation("editor");
  const messageId = useId();
  const [typed, setTyped] = useState<{ text: string; over: Json | undefined } | null>(null);
  const axes = Array.isArray(value) ? value.map((axis) => (typeof axis === "number" ? axis : null)) : [];
  const parsed = typed === null ? null : parseShape(typed.text);
  const isRefused = typed !== null && parsed === null && typed.over === value;
  const isCurrent = isRefused || (parsed !== null && sameJson(parsed, axes));

  const type = (text: string) => {
    setTyped({ text, over: value });
    const next = parseShape(text);
    if (next === null) return;
    if (next.length === 0) onChange(spec.nullable ? null : undefined);
    else onChange(next);
  };
  return (
    <>
      <TextControl
        {...tied(ids)}
        aria-describedby={isRefused ? `${messageId} ${ids.describedBy}` : ids.describedBy}
        aria-invalid={ids.isInvalid || isRefused || undefined}
        placeholder={spec.nullable ? t("form.none") : t("form.shapeHint")}
        value={typed !== null && isCurrent ? typed.text : showShape(axes)}
        onChange={(event) => type(event.currentTarget.value)}
        onBlur={() => {
          if (!isRefused) setTyped(null);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") setTyped(null);
        }}
      />
      {isRefused && (
        <p id={messageId} className={classes.refused} role="alert">
          {t("form.notShape", {
            example: t("form.shapeHint"),
            held: axes.length === 0 ? t("form.none") : showShape(axes),
          })}
        </p>
      )}
    </>
  );
}
