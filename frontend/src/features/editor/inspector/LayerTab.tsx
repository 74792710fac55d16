import { Button, Switch } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { localize } from "@/api/text";
import type { GraphNode } from "@/graph/document";
import { OTHER_COLOUR } from "@/ui/groupColour";
import { useCheck, useEditor, useGraph, useNode, useNodeReport, useView } from "../EditorContext";
import { TextControl, tied } from "../form/controls";
import { FieldFrame } from "../form/FieldFrame";
import { SchemaForm } from "../form/SchemaForm";
import { formatCount, formatShape } from "../format";
import { FixButtons } from "../problems/FixButtons";
import { useFocusAfterFix } from "../problems/useFocusAfterFix";
import type { Renaming } from "../state/actions";
import { problemsOf } from "../state/checking";
import type { Problem } from "../wire";
import classes from "./Inspector.module.css";
import { LayerInputs } from "./LayerInputs";

/** The chosen layer: its name, its parameters, what goes in and what comes out. */
export function LayerTab() {
  const { t } = useTranslation("editor");
  const { actions } = useEditor();
  const selection = useView((view) => view.selection);
  const [only, another] = selection;
  const node = useNode(only ?? "");
  if (another !== undefined) {
    return (
      <div className={classes.nothing}>
        <p className={classes.nothingTitle}>{t("layer.several", { count: selection.length })}</p>
        <div className={classes.buttons}>
          <Button variant="default" onClick={actions.duplicate}>
            {t("command.duplicate")}
          </Button>
          <Button variant="default" onClick={actions.deleteSelection}>
            {t("command.delete")}
          </Button>
        </div>
      </div>
    );
  }
  if (!node) {
    return (
      <div className={classes.nothing}>
        <p className={classes.nothingTitle}>{t("layer.none")}</p>
        <p className={classes.nothingHint}>{t("layer.noneHint")}</p>
      </div>
    );
  }
  return <OneLayer key={node.id} node={node} />;
}

function OneLayer({ node }: { node: GraphNode }) {
  const { t, i18n } = useTranslation("editor");
  const { catalogue, actions } = useEditor();
  const frame = useRef<HTMLElement>(null);
  const onFixed = useFocusAfterFix(frame);
  const problems = useCheck(problemsOf);
  const isOutput = useGraph((graph) => graph.outputs.some((output) => output.node === node.id));
  const layer = catalogue.layer(node.type);
  const own = problems?.filter((problem) => problem.node === node.id) ?? [];
  const saidOf = (name: string, isError: boolean) =>
    own.find((problem) => problem.field === name && (problem.severity === "error") === isError)?.message;
  const group = catalogue.groups.find((known) => known.id === layer?.entry.group);
  return (
    <section ref={frame} tabIndex={-1} className={classes.stack} aria-label={node.id}>
      <header className={classes.layerHead} style={{ "--layer-colour": layer?.colour ?? OTHER_COLOUR }}>
        <h2 className={classes.layerType}>{node.type}</h2>
        {group && <span className={classes.group}>{localize(group.label, i18n.language)}</span>}
        {layer && <p className={classes.summary}>{localize(layer.entry.summary, i18n.language)}</p>}
      </header>
      {own
        .filter((problem) => !problem.field || !layer?.fields.some((field) => field.name === problem.field))
        .map((problem) => (
          <div
            key={`${problem.code} ${problem.port}`}
            className={classes.problem}
            data-severity={problem.severity}
          >
            {problem.message}
            <Fixes problem={problem} onFixed={onFixed} />
          </div>
        ))}
      <LayerName id={node.id} />
      <SchemaForm
        fields={layer?.fields ?? []}
        values={node.config}
        errorOf={(name) => saidOf(name, true)}
        warningOf={(name) => saidOf(name, false)}
        fixesOf={(name) => {
          const problem = own.find((known) => known.field === name);
          return problem && <Fixes problem={problem} onFixed={onFixed} />;
        }}
        onChange={(name, value) => actions.setParameter(node.id, name, value)}
      />
      <LayerInputs node={node} />
      <Switch
        size="sm"
        label={t("layer.isOutput")}
        checked={isOutput}
        onChange={(event) => actions.setOutput(node.id, event.currentTarget.checked)}
      />
      <Costs id={node.id} />
    </section>
  );
}

function Fixes({ problem, onFixed }: { problem: Problem; onFixed: () => void }) {
  if (problem.fixes.length === 0) return null;
  return (
    <div className={classes.fixes}>
      <FixButtons problem={problem} onFixed={onFixed} />
    </div>
  );
}

/** The layer's id, which is its name in code and in files. */
function LayerName({ id }: { id: string }) {
  const { t } = useTranslation("editor");
  const { actions } = useEditor();
  const [typed, setTyped] = useState(id);
  const [outcome, setOutcome] = useState<Renaming>("done");
  const name = typed.trim();
  const apply = () => setOutcome(actions.renameLayer(id, name));
  const refusal = outcome === "done" ? undefined : t(`layer.nameRefused.${outcome}`, { name });
  return (
    <FieldFrame label={t("layer.name")} error={refusal}>
      {(ids) => (
        <TextControl
          {...tied(ids)}
          className={classes.mono}
          spellCheck={false}
          maxLength={64}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            setOutcome("done");
          }}
          onBlur={apply}
          onKeyDown={(event) => {
            if (event.key === "Enter") apply();
            if (event.key === "Escape") {
              setTyped(id);
              setOutcome("done");
            }
          }}
        />
      )}
    </FieldFrame>
  );
}

function Costs({ id }: { id: string }) {
  const { t, i18n } = useTranslation("editor");
  const report = useNodeReport(id);
  if (!report) return null;
  const count = (value: number) => formatCount(value, i18n.language);
  return (
    <dl className={classes.facts}>
      <dt>{t("facts.shape")}</dt>
      <dd>{formatShape(report.output_shape) ?? t("node.noShape")}</dd>
      <dt>{t("facts.parameters")}</dt>
      <dd>{count(report.parameters)}</dd>
      {report.trainable_parameters !== report.parameters && (
        <>
          <dt>{t("facts.trainable")}</dt>
          <dd>{count(report.trainable_parameters)}</dd>
        </>
      )}
      {report.macs !== null && (
        <>
          <dt>{t("facts.macs")}</dt>
          <dd>{count(report.macs)}</dd>
        </>
      )}
    </dl>
  );
}
