import { type KeyboardEvent, useState } from "react";
import { TextControl } from "./controls";
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
 * What is typed stays as it is typed until the value changes from outside or focus leaves.
 */
export function NumberInput(props: NumberInputProps) {
  const { value, whole, minimum, maximum, onChange } = props;
  const [typed, setTyped] = useState<string | null>(null);
  const parsed = typed === null ? null : parseNumber(typed, whole);
  // Emptied to type something else: the old value must not come back under the cursor.
  const isCurrent = parsed?.kind !== "number" || parsed.value === value;
  const text = typed !== null && isCurrent ? typed : value === null ? "" : showNumber(value);

  const type = (next: string) => {
    setTyped(next);
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
    <TextControl
      id={props.id}
      inputMode={whole ? "numeric" : "decimal"}
      aria-label={props.label}
      aria-describedby={props.describedBy}
      aria-invalid={props.isInvalid || parsed?.kind === "invalid" || undefined}
      placeholder={props.placeholder}
      value={text}
      onChange={(event) => type(event.currentTarget.value)}
      onBlur={() => setTyped(null)}
      onKeyDown={(event) => {
        if (event.key === "ArrowUp") step(event, 1);
        if (event.key === "ArrowDown") step(event, -1);
      }}
    />
  );
}
