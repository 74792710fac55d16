import { Handle, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { localize } from "@/api/text";
import type { GraphNode } from "@/graph/document";
import { OTHER_COLOUR } from "@/ui/groupColour";
import { ErrorIcon, WarningIcon } from "@/ui/icons";
import { handleCount } from "../catalogue";
import { useCheck, useEditor, useGraph, useNode, useNodeReport, useView } from "../EditorContext";
import { formatCount, formatShape, formatSize, formatValue } from "../format";
import { REFUSALS } from "../state/actions";
import { type LayerFlowNode, sourceHandle, targetHandle } from "./flow";
import { keyParameters } from "./keyParameters";
import classes from "./LayerNode.module.css";

const SHOWN_PARAMETERS = 3;

/** Any layer, drawn from its catalogue entry, its configuration and the server's report. */
export const LayerNode = memo(DrawnNode, (a, b) => a.id === b.id && a.selected === b.selected);

function DrawnNode({ id, selected }: NodeProps<LayerFlowNode>) {
  const { t, i18n } = useTranslation("editor");
  const { catalogue } = useEditor();
  const node = useNode(id);
  const report = useNodeReport(id);
  const severity = useSeverity(id);
  const refused = useView((view) => view.refused.get(id));
  const isSource = useView((view) => view.connectFrom === id);
  const isOutput = useGraph((graph) => graph.outputs.some((output) => output.node === id));
  if (!node) return null;

  const layer = catalogue.layer(node.type);
  const shape = formatShape(report?.output_shape);
  return (
    <div
      className={classes.node}
      data-selected={selected}
      data-severity={severity ?? undefined}
      data-connecting={isSource || undefined}
      data-refused={refused?.reason}
      title={refused && t(`announce.${REFUSALS[refused.reason]}`, { ...refused })}
      style={{ "--layer-colour": layer?.colour ?? OTHER_COLOUR }}
    >
      <Ports id={id} type={node.type} />
      <div className={classes.head}>
        <span className={classes.type}>{node.type}</span>
        {isOutput && <span className={classes.output}>{t("node.output")}</span>}
        <span className={classes.id}>{id}</span>
        {severity === "error" && (
          <span className={classes.error} title={t("node.hasError")}>
            <ErrorIcon size={15} />
          </span>
        )}
        {severity === "warning" && (
          <span className={classes.warning} title={t("node.hasWarning")}>
            <WarningIcon size={15} />
          </span>
        )}
      </div>
      <KeyParameters node={node} />
      <div className={classes.foot}>
        <span className={classes.shape}>{shape ?? t("node.noShape")}</span>
        {report && report.parameters > 0 && (
          <span className={classes.count}>
            {t("node.parameters", {
              count: report.parameters,
              shown: formatCount(report.parameters, i18n.language),
            })}
          </span>
        )}
      </div>
    </div>
  );
}

function useSeverity(id: string) {
  return useCheck(({ report }) => {
    const own = report?.problems.filter((problem) => problem.node === id) ?? [];
    if (own.some((problem) => problem.severity === "error")) return "error";
    return own.some((problem) => problem.severity === "warning") ? "warning" : null;
  });
}

function KeyParameters({ node }: { node: GraphNode }) {
  const { i18n } = useTranslation("editor");
  const { catalogue } = useEditor();
  const fields = catalogue.layer(node.type)?.fields ?? [];
  const shown = keyParameters(fields, node.config).slice(0, SHOWN_PARAMETERS);
  if (shown.length === 0) return null;
  return (
    <div className={classes.parameters}>
      {shown.map(({ name, label, value, isSize }) => (
        <span key={name} className={classes.parameter} title={localize(label, i18n.language)}>
          {isSize ? formatSize(value) : formatValue(value)}
        </span>
      ))}
    </div>
  );
}

function Ports({ id, type }: { id: string; type: string }) {
  const { t } = useTranslation("editor");
  const { catalogue } = useEditor();
  const layer = catalogue.layer(type);
  const ins = handleCount(catalogue.inputsOf(type));
  const outs = layer?.outputs ?? 1;
  const place = (index: number, count: number) => ({ left: `${((index + 1) / (count + 1)) * 100}%` });
  return (
    <>
      {Array.from({ length: ins }, (_, port) => (
        <Handle
          key={targetHandle(port)}
          id={targetHandle(port)}
          type="target"
          position={Position.Top}
          className={classes.handle}
          style={place(port, ins)}
          role="img"
          aria-label={t("node.input", { id, port: port + 1 })}
        />
      ))}
      {Array.from({ length: outs }, (_, output) => (
        <Handle
          key={sourceHandle(output)}
          id={sourceHandle(output)}
          type="source"
          position={Position.Bottom}
          className={classes.handle}
          style={place(output, outs)}
          role="img"
          aria-label={t("node.outputPort", { id, port: output + 1 })}
        />
      ))}
    </>
  );
}
