import { ActionIcon } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { localize } from "@/api/text";
import { ChainIcon } from "../icons";
import type { ControlProps } from "./FieldFrame";
import classes from "./form.module.css";
import { NumberInput } from "./NumberInput";

/** Several numbers that are mostly the same, such as height and width: linked until they are told apart. */
export function SizeField({ spec, value, onChange, ids }: ControlProps) {
  const { t, i18n } = useTranslation("editor");
  const label = localize(spec.label, i18n.language);
  const length = spec.length ?? (Array.isArray(value) ? value.length : 2);
  const parts = partsOf(value, length);
  const areSame = parts.every((part) => part === parts[0]);
  const [wantsLink, setWantsLink] = useState(true);
  const isLinked = wantsLink && areSame;

  const change = (index: number, next: number | null) => {
    if (next === null) {
      if (spec.nullable) onChange(null);
      return;
    }
    // Parts that were empty take the first number typed: half a size is none.
    onChange(parts.map((part, at) => (isLinked || at === index || part === null ? next : part)));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot take its name from the label above
    <div className={classes.size} role="group" aria-labelledby={ids.labelId}>
      {parts.map((part, index) => (
        <NumberInput
          key={index}
          {...(index === 0 ? { id: ids.id } : {})}
          label={t("form.part", { field: label, part: index + 1 })}
          describedBy={ids.describedBy}
          isInvalid={ids.isInvalid}
          value={part}
          whole
          minimum={spec.minimum}
          maximum={spec.maximum}
          placeholder={spec.nullable ? t("form.none") : ""}
          onChange={(next) => change(index, next)}
        />
      ))}
      <ActionIcon
        aria-label={t("form.link", { field: label })}
        aria-pressed={isLinked}
        variant={isLinked ? "light" : "subtle"}
        color={isLinked ? "cobalt" : "gray"}
        onClick={() => {
          if (!isLinked && !areSame && parts[0] !== null && parts[0] !== undefined)
            onChange(parts.map(() => parts[0] ?? 1));
          setWantsLink(!isLinked);
        }}
      >
        <ChainIcon size={14} />
      </ActionIcon>
    </div>
  );
}

function partsOf(value: unknown, length: number): (number | null)[] {
  return Array.from({ length }, (_, index) => {
    const part: unknown = Array.isArray(value) ? value[index] : value;
    return typeof part === "number" ? part : null;
  });
}
