import { useTranslation } from "react-i18next";
import type { Json } from "@/graph/json";
import { sameJson } from "@/graph/json";
import { formatValue } from "../format";
import { SelectControl, tied } from "./controls";
import type { ControlProps } from "./FieldFrame";

/** One of the values that the schema lists. A value that is not in the list, such as a configured object, stays. */
export function ChoiceField({ spec, value, onChange, ids }: ControlProps) {
  const { t } = useTranslation("editor");
  const isListed =
    value === undefined || value === null || spec.choices.some((choice) => sameJson(choice, value));
  const choices: readonly Json[] = isListed ? spec.choices : [...spec.choices, value];
  const hasNone = spec.nullable || value === null || value === undefined;
  const chosen = choices.findIndex((choice) => sameJson(choice, value));
  return (
    <SelectControl
      {...tied(ids)}
      value={String(chosen)}
      onChange={(event) => {
        const choice = choices[Number(event.currentTarget.value)];
        onChange(choice ?? (spec.nullable ? null : undefined));
      }}
    >
      {hasNone && <option value="-1">{spec.nullable ? t("form.none") : t("form.choose")}</option>}
      {choices.map((choice, index) => (
        <option key={JSON.stringify(choice)} value={String(index)}>
          {formatValue(choice)}
        </option>
      ))}
    </SelectControl>
  );
}
