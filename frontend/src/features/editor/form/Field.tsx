import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { localize } from "@/api/text";
import type { Json } from "@/graph/json";
import { BoolField } from "./BoolField";
import { ChoiceField } from "./ChoiceField";
import { FieldFrame } from "./FieldFrame";
import { type FieldSpec, isDefault } from "./fieldSpec";
import { ListField } from "./ListField";
import { NumberField } from "./NumberField";
import { ShapeField } from "./ShapeField";
import { SidesField } from "./SidesField";
import { SizeField } from "./SizeField";
import { TextField } from "./TextField";

export interface FieldProps {
  spec: FieldSpec;
  /** The value that is written down; `undefined` when the default holds. */
  value: Json | undefined;
  error: string | undefined;
  warning?: string | undefined;
  fixes?: ReactNode;
  onChange: (value: Json | undefined) => void;
}

/** One field of a schema form: the control that its schema asks for, its help, its error, the way back to the default. */
export function Field({ spec, value, error, warning, fixes, onChange }: FieldProps) {
  const { i18n } = useTranslation("editor");
  const doc = spec.doc ? localize(spec.doc, i18n.language) : "";
  const shown = value === undefined ? spec.defaultValue : value;
  return (
    <FieldFrame
      label={localize(spec.label, i18n.language)}
      name={spec.name}
      doc={doc}
      error={error}
      warning={warning}
      fixes={fixes}
      onReset={isDefault(spec, value) || spec.required ? undefined : () => onChange(undefined)}
    >
      {(ids) => {
        const control = { spec, value: shown, onChange, ids };
        switch (spec.widget) {
          case "int":
          case "float":
            return <NumberField {...control} />;
          case "bool":
            return <BoolField {...control} />;
          case "choice":
            return <ChoiceField {...control} />;
          case "size":
            return <SizeField {...control} />;
          case "sides":
            return <SidesField {...control} />;
          case "shape":
            return <ShapeField {...control} />;
          case "text":
            return spec.isList ? <ListField {...control} /> : <TextField {...control} />;
        }
      }}
    </FieldFrame>
  );
}
