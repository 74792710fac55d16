import { Switch } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { TRAINING_DEFAULTS } from "@/generated";
import { isObject, type Json } from "@/graph/json";
import { snakeCase } from "@/graph/names";
import { Segmented } from "@/ui/Segmented";
import { useEditor, useTraining } from "../EditorContext";
import { SelectControl, tied } from "../form/controls";
import { FieldFrame } from "../form/FieldFrame";
import { NumberInput } from "../form/NumberInput";
import { ConfiguredChoice } from "./ConfiguredChoice";
import { DatasetSelect } from "./DatasetSelect";
import classes from "./Inspector.module.css";
import { MetricsField } from "./MetricsField";
import { type Said, useTrainingProblems } from "./said";

const DEVICES = ["auto", "cpu", "cuda"] as const;
const PRECISIONS = ["float32", "bfloat16", "float16"] as const;

/** How the model learns. What the entries mean and which go together is the server's to say. */
export function TrainingTab() {
  const { t } = useTranslation("editor");
  const { catalogue, actions } = useEditor();
  const training = useTraining((document) => document);
  const said = useTrainingProblems();
  const validation = isObject(training.validation) ? training.validation : {};
  const deviceLabel = (value: string) => {
    const known = DEVICES.find((device) => device === value);
    return known ? t(`training.devices.${known}`) : value;
  };
  const shuffle = training.shuffle !== false;
  return (
    <div className={classes.stack}>
      <DatasetSelect said={said("dataset")} />
      <FieldFrame label={t("training.validation")} doc={t("training.validationDoc")} {...said("validation")}>
        {(ids) => (
          <NumberInput
            id={ids.id}
            describedBy={ids.describedBy}
            isInvalid={ids.isInvalid}
            value={typeof validation.split === "number" ? validation.split : null}
            whole={false}
            minimum={0}
            maximum={0.9}
            placeholder="0"
            onChange={(split) =>
              actions.setTraining("validation", split === null ? undefined : { ...validation, split })
            }
          />
        )}
      </FieldFrame>
      <ConfiguredChoice
        label={t("training.loss")}
        entries={catalogue.losses}
        spell={snakeCase}
        value={training.loss}
        {...said("loss")}
        fieldSaid={(name) => said(`loss.config.${name}`)}
        onChange={(value) => actions.setTraining("loss", value)}
      />
      <MetricsField said={said("metrics")} />
      <ConfiguredChoice
        label={t("training.optimizer")}
        entries={catalogue.optimizers}
        value={training.optimizer}
        {...said("optimizer")}
        fieldSaid={(name) => said(`optimizer.config.${name}`)}
        onChange={(value) => actions.setTraining("optimizer", value)}
      />
      <div className={classes.pair}>
        <TrainingNumber name="batch_size" minimum={1} said={said("batch_size")} />
        <TrainingNumber name="epochs" minimum={1} said={said("epochs")} />
      </div>
      <Switch
        size="sm"
        label={t("training.shuffle")}
        checked={shuffle}
        onChange={(event) => actions.setTraining("shuffle", event.currentTarget.checked)}
      />
      <TrainingNumber name="seed" minimum={0} said={said("seed")} doc={t("training.seedDoc")} />
      <FieldFrame label={t("training.device")} {...said("device")} isGroup>
        {() => (
          <Segmented
            label={t("training.device")}
            options={withValue(DEVICES, training.device).map((value) => ({
              value,
              label: deviceLabel(value),
            }))}
            value={typeof training.device === "string" ? training.device : "auto"}
            onChange={(device) => actions.setTraining("device", device)}
          />
        )}
      </FieldFrame>
      <FieldFrame label={t("training.precision")} {...said("precision")}>
        {(ids) => (
          <SelectControl
            {...tied(ids)}
            value={typeof training.precision === "string" ? training.precision : "float32"}
            onChange={(event) => actions.setTraining("precision", event.currentTarget.value)}
          >
            {withValue(PRECISIONS, training.precision).map((precision) => (
              <option key={precision}>{precision}</option>
            ))}
          </SelectControl>
        )}
      </FieldFrame>
    </div>
  );
}

function TrainingNumber(props: {
  name: keyof typeof TRAINING_DEFAULTS;
  minimum: number;
  said: Said;
  doc?: string;
}) {
  const { name, minimum, said, doc } = props;
  const { t } = useTranslation("editor");
  const { actions } = useEditor();
  const value = useTraining((training) => training[name]);
  return (
    <FieldFrame label={t(`training.${name}`)} doc={doc} {...said}>
      {(ids) => (
        <NumberInput
          id={ids.id}
          describedBy={ids.describedBy}
          isInvalid={ids.isInvalid}
          value={typeof value === "number" ? value : null}
          whole
          minimum={minimum}
          maximum={null}
          placeholder={String(TRAINING_DEFAULTS[name])}
          onChange={(next) => actions.setTraining(name, next ?? undefined)}
        />
      )}
    </FieldFrame>
  );
}

/** A list of choices that always holds the present value, also one that this page does not know. */
function withValue(choices: readonly string[], value: Json | undefined): string[] {
  return typeof value === "string" && !choices.includes(value) ? [...choices, value] : [...choices];
}
