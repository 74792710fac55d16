import { UnstyledButton } from "@mantine/core";
import { type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Json, JsonObject } from "@/graph/json";
import { ChevronDownIcon, ChevronRightIcon } from "@/ui/icons";
import { Field } from "./Field";
import { type FieldSpec, isDefault } from "./fieldSpec";
import classes from "./form.module.css";

interface SchemaFormProps {
  fields: readonly FieldSpec[];
  values: JsonObject;
  /** What is wrong with a field, in words. */
  errorOf?: (name: string) => string | undefined;
  /** What may be unwise about a field that is valid, in words. */
  warningOf?: (name: string) => string | undefined;
  /** What can be done about it. */
  fixesOf?: (name: string) => ReactNode;
  /** `undefined` goes back to the default. */
  onChange: (name: string, value: Json | undefined) => void;
}

/** A form for anything that is declared by a JSON Schema: layers, optimizers, losses. */
export function SchemaForm({ fields, values, errorOf, warningOf, fixesOf, onChange }: SchemaFormProps) {
  const { t } = useTranslation("editor");
  const [isOpen, setIsOpen] = useState(false);
  const advancedId = useId();
  const basic = fields.filter((field) => !field.advanced);
  const advanced = fields.filter((field) => field.advanced);
  const changed = advanced.filter((field) => !isDefault(field, values[field.name])).length;
  const draw = (field: FieldSpec) => (
    <Field
      key={field.name}
      spec={field}
      value={values[field.name]}
      error={errorOf?.(field.name)}
      warning={warningOf?.(field.name)}
      fixes={fixesOf?.(field.name)}
      onChange={(value) => onChange(field.name, value)}
    />
  );
  const showAdvanced =
    isOpen || advanced.some(({ name }) => (errorOf?.(name) ?? warningOf?.(name)) !== undefined);
  return (
    <div className={classes.form}>
      {basic.map(draw)}
      {advanced.length > 0 && (
        <>
          <UnstyledButton
            className={classes.more ?? ""}
            aria-expanded={showAdvanced}
            aria-controls={advancedId}
            onClick={() => setIsOpen(!isOpen)}
          >
            {showAdvanced ? <ChevronDownIcon size={13} /> : <ChevronRightIcon size={13} />}
            {changed > 0 ? t("form.advancedChanged", { count: changed }) : t("form.advanced")}
          </UnstyledButton>
          <div id={advancedId} className={classes.form} hidden={!showAdvanced}>
            {showAdvanced && advanced.map(draw)}
          </div>
        </>
      )}
    </div>
  );
}
