import { useTranslation } from "react-i18next";
import { localize } from "@/api/text";
import type { Json } from "@/graph/json";
import { sameJson } from "@/graph/json";
import { sameName } from "@/graph/names";
import { defaultsIn } from "@/graph/normalize";
import { readChoice, writeChoice } from "@/graph/training";
import { SelectControl, tied } from "../form/controls";
import { FieldFrame } from "../form/FieldFrame";
import { fieldsIn } from "../form/fieldSpec";
import { SchemaForm } from "../form/SchemaForm";
import type { CatalogEntry } from "../wire";
import classes from "./Inspector.module.css";
import type { Said } from "./said";

interface ConfiguredChoiceProps {
  label: string;
  entries: readonly CatalogEntry[];
  /** How a document spells an entry's name. */
  spell?: (name: string) => string;
  value: Json | undefined;
  error: string | undefined;
  warning: string | undefined;
  /** What is said of one of its settings. */
  fieldSaid: (name: string) => Said;
  onChange: (value: Json) => void;
}

/** One entry of a registry and its own settings, such as an optimizer. */
export function ConfiguredChoice({
  spell = (name) => name,
  label,
  entries,
  value,
  error,
  warning,
  fieldSaid,
  onChange,
}: ConfiguredChoiceProps) {
  const { t, i18n } = useTranslation("editor");
  const choice = readChoice(value);
  const entry = entries.find((known) => sameName(known.name, choice?.type ?? ""));
  const fields = fieldsIn(entry?.parameters);
  const defaults = defaultsIn(entry?.parameters);
  const set = (name: string, next: Json | undefined) => {
    if (!choice) return;
    const { [name]: _old, ...others } = choice.config;
    const isSaid = next !== undefined && !sameJson(next, defaults[name]);
    onChange(
      writeChoice({ type: choice.type, config: isSaid ? { ...choice.config, [name]: next } : others }),
    );
  };
  return (
    <div className={classes.configured}>
      <FieldFrame
        label={label}
        doc={entry ? localize(entry.summary, i18n.language) : undefined}
        error={choice === null && value !== undefined ? t("training.perOutput") : error}
        warning={warning}
      >
        {(ids) => (
          <SelectControl
            {...tied(ids)}
            value={entry?.name ?? choice?.type ?? ""}
            onChange={(event) =>
              onChange(writeChoice({ type: spell(event.currentTarget.value), config: {} }))
            }
          >
            {!entry && <option value={choice?.type ?? ""}>{choice?.type ?? t("form.choose")}</option>}
            {entries.map((known) => (
              <option key={known.name} value={known.name}>
                {known.name}
              </option>
            ))}
          </SelectControl>
        )}
      </FieldFrame>
      {fields.length > 0 && choice && (
        <div className={classes.nested}>
          <SchemaForm
            fields={fields}
            values={choice.config}
            errorOf={(name) => fieldSaid(name).error}
            warningOf={(name) => fieldSaid(name).warning}
            onChange={set}
          />
        </div>
      )}
    </div>
  );
}
