import { ActionIcon } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { localize } from "@/api/text";
import { ChainIcon } from "../icons";
import type { ControlProps } from "./FieldFrame";
import classes from "./form.module.css";
import { NumberInput } from "./NumberInput";

const SIDES = ["before", "after"] as const;

/** An amount before and after each axis, such as of padding: all the same until they are told apart. */
export function SidesField({ spec, value, onChange, ids }: ControlProps) {
  const { t, i18n } = useTranslation("editor");
  const label = localize(spec.label, i18n.language);
  const axes = sidesOf(value, spec.length ?? 2);
  const first = axes[0]?.[0] ?? 0;
  const areSame = axes.flat().every((side) => side === first);
  const [wantsLink, setWantsLink] = useState(areSame);
  const isLinked = wantsLink && areSame;

  const change = (axis: number, side: number, next: number | null) => {
    if (next === null) return;
    onChange(
      axes.map((pair, at) =>
        pair.map((old, end) => (isLinked || (at === axis && end === side) ? next : old)),
      ),
    );
  };
  const nameOf = (axis: number) =>
    axes.length === 2 ? t(axis === 0 ? "form.height" : "form.width") : t("form.axis", { axis: axis + 1 });
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot take its name from the label above
    <div className={classes.sides} role="group" aria-labelledby={ids.labelId}>
      <div className={classes.sidesGrid}>
        <span />
        {SIDES.map((side) => (
          <span key={side} className={classes.sideName} aria-hidden="true">
            {t(`form.${side}`)}
          </span>
        ))}
        {axes.map((pair, axis) => [
          <span key={`name ${nameOf(axis)}`} className={classes.sideName} aria-hidden="true">
            {nameOf(axis)}
          </span>,
          ...pair.map((amount, side) => (
            <NumberInput
              key={`${nameOf(axis)} ${SIDES[side]}`}
              {...(axis === 0 && side === 0 ? { id: ids.id } : {})}
              label={t("form.side", {
                field: label,
                axis: nameOf(axis),
                side: t(`form.${SIDES[side] ?? "before"}`),
              })}
              describedBy={ids.describedBy}
              isInvalid={ids.isInvalid}
              value={amount}
              whole
              minimum={spec.minimum ?? 0}
              maximum={spec.maximum}
              onChange={(next) => change(axis, side, next)}
            />
          )),
        ])}
      </div>
      <ActionIcon
        aria-label={t("form.link", { field: label })}
        aria-pressed={isLinked}
        variant={isLinked ? "light" : "subtle"}
        color={isLinked ? "cobalt" : "gray"}
        onClick={() => {
          if (!isLinked && !areSame) onChange(axes.map((pair) => pair.map(() => first)));
          setWantsLink(!isLinked);
        }}
      >
        <ChainIcon size={14} />
      </ActionIcon>
    </div>
  );
}

/** One number for all sides, one for each axis, or two: what Keras takes, spelled out. */
export function sidesOf(value: unknown, axes: number): number[][] {
  return Array.from({ length: axes }, (_, axis) => {
    const pair: unknown = Array.isArray(value) ? value[axis] : value;
    return SIDES.map((_side, end) => {
      const amount: unknown = Array.isArray(pair) ? pair[end] : pair;
      return typeof amount === "number" ? amount : 0;
    });
  });
}
