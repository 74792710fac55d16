import { ActionIcon } from "@mantine/core";
import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import type { Json } from "@/graph/json";
import { ResetIcon } from "../icons";
import type { FieldSpec } from "./fieldSpec";
import classes from "./form.module.css";

/** What ties a control to its label, help and error. */
export interface FieldIds {
  readonly id: string;
  readonly labelId: string;
  /** One id or several, for `aria-describedby`. */
  readonly describedBy: string;
  readonly isInvalid: boolean;
}

/** What every control of a schema form is given. */
export interface ControlProps {
  readonly spec: FieldSpec;
  readonly value: Json | undefined;
  readonly onChange: (value: Json | undefined) => void;
  readonly ids: FieldIds;
}

interface FieldFrameProps {
  label: string;
  /** What files and code call it; shown where the label does not tell. */
  name?: string | undefined;
  doc?: string | undefined;
  error?: string | undefined;
  /** What may be unwise about a value that is valid. */
  warning?: string | undefined;
  /** What can be done about the error. */
  fixes?: ReactNode;
  onReset?: (() => void) | undefined;
  /** The control names itself, such as a group of buttons that no label can belong to. */
  isGroup?: boolean;
  children: (ids: FieldIds) => ReactNode;
}

export function FieldFrame({
  label,
  name,
  doc,
  error,
  warning,
  fixes,
  onReset,
  isGroup = false,
  children,
}: FieldFrameProps) {
  const { t } = useTranslation("editor");
  const id = useId();
  const isSaid = Boolean(error || warning);
  const described = [isSaid && `${id}-said`, (doc || !isSaid) && `${id}-about`];
  const ids = {
    id,
    labelId: `${id}-label`,
    describedBy: described.filter(Boolean).join(" "),
    isInvalid: error !== undefined,
  };
  const title = (
    <>
      {label}
      {name !== undefined && !isSpelledOut(label, name) && <code className={classes.name}> {name}</code>}
    </>
  );
  return (
    <div className={classes.field}>
      <div className={classes.labelRow}>
        {isGroup ? (
          <span id={ids.labelId} className={classes.label}>
            {title}
          </span>
        ) : (
          <label id={ids.labelId} htmlFor={id} className={classes.label}>
            {title}
          </label>
        )}
        {onReset && (
          <ActionIcon
            size={24}
            aria-label={t("form.reset", { field: label })}
            title={t("form.resetShort")}
            onClick={onReset}
          >
            <ResetIcon size={12} />
          </ActionIcon>
        )}
      </div>
      {children(ids)}
      <div id={`${id}-said`}>
        {error && <p className={classes.error}>{error}</p>}
        {warning && <p className={classes.warning}>{warning}</p>}
      </div>
      {fixes}
      <div id={`${id}-about`}>{doc && <p className={classes.doc}>{doc}</p>}</div>
    </div>
  );
}

/** Whether a label is its name in words, such as "Kernel size" for `kernel_size`. */
function isSpelledOut(label: string, name: string): boolean {
  return label.toLowerCase().replaceAll(" ", "_") === name.toLowerCase();
}
