import { type KeyboardEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { TextControl } from "./controls";
import classes from "./form.module.css";
import { parseNumber, showNumber, stepNumber } from "./numbers";

interface NumberInputProps {
  id?: string;
  label?: string;
  describedBy?: string;
  isInvalid?: boolean;
  value: number | null;
  whole: boolean;
  minimum: number | null;
  maximum: number | null;
  placeholder?: string;
  /** Null when the input was emptied. */
  onChange: (value: number | null) => void;
}

/**
 * A number typed as text: unlike a browser's own number input it takes `1e-4` everywhere and never swallows a key.
 *
 * What is typed stays as it is typed until the value changes from outside or focus leaves; what cannot be taken stays
 * for as long as it can be mended, and says so.
 */
export function NumberInput(props: NumberInputProps) {
  const { value, whole, minimum, maximum, onChange } = props;
  const { t } = useTranslation("editor");
  const messageId = useId();
  const [typed, setTyped] = useState<{ text: string; over: number | null } | null>(null);
  const parsed = typed === null ? null : parseNumber(typed.text, whole);
  const isRefused = parsed?.kind === "invalid" && typed?.over === value;
  // Emptied to type something else: the old value must not come back under the cursor.
  const isCurrent =
    parsed?.kind === "empty" || isRefused || (parsed?.kind === "number" && parsed.value === value);
  const text = typed !== null && isCurrent ? typed.text : value === null ? "" : showNumber(value);

  const type = (next: string) => {
    setTyped({ text: next, over: value });
    const read = parseNumber(next, whole);
    if (read.kind === "number") onChange(read.value);
    else if (read.kind === "empty") onChange(null);
  };
  const step = (event: KeyboardEvent<HTMLInputElement>, direction: 1 | -1) => {
    event.preventDefault();
    let next = value ?? minimum ?? 0;
    for (let count = event.shiftKey ? 10 : 1; count > 0; count -= 1)
      next = stepNumber(next, direction, whole);
    if (minimum !== null) next = Math.max(minimum, next);
    if (maximum !== null) next = Math.min(maximum, next);
    setTyped(null);
    onChange(next);
  };
  return (
    <>
      <TextControl
        id={props.id}
        inputMode={whole ? "numeric" : "decimal"}
        aria-label={props.label}
        aria-describedby={isRefused ? `${messageId} ${props.describedBy ?? ""}` : props.describedBy}
        aria-invalid={props.isInvalid || isRefused || undefined}
        placeholder={props.placeholder}
        value={text}
        onChange={(event) => type(event.currentTarget.value)}
        onBlur={() => {
          if (!isRefused) setTyped(null);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowUp") step(event, 1);
          if (event.key === "ArrowDown") step(event, -1);
          if (event.key === "Escape") setTyped(null);
        }}
      />
      {isRefused && (
        <p id={messageId} className={classes.refused} role="alert">
          {t(`form.${parsed.reason}`, {
            most: String(Number.MAX_SAFE_INTEGER),
            held: value === null ? t("form.none") : showNumber(value),
          })}
        </p>
      )}
    </>
  );
}
