import { BaseEdge, type EdgeProps, getBezierPath } from "@xyflow/react";
import { memo } from "react";
import { useNodeReport, useView } from "../EditorContext";
import { formatShape } from "../format";
import type { LayerFlowEdge } from "./flow";
import classes from "./LayerEdge.module.css";

/** React Flow ends an edge at the rim of the handle; the line goes on to its dot. */
const TO_DOT = 7;

/** An edge with the shape of what flows along it. */
export const LayerEdge = memo(DrawnEdge);

function DrawnEdge({
  id,
  source,
  data,
  sourceX,
  sourceY,
  targetX,
  targetY,
  selected,
}: EdgeProps<LayerFlowEdge>) {
  const report = useNodeReport(source);
  const isDropTarget = useView((view) => view.edgeUnderDrag === id);
  const [path, labelX, labelY] = getBezierPath({
    sourceX,
    sourceY: sourceY - TO_DOT,
    targetX,
    targetY: targetY + TO_DOT,
  });
  const shape = data?.output === 0 ? formatShape(report?.output_shape) : null;
  return (
    <g className={classes.edge} data-selected={selected} data-drop={isDropTarget || undefined}>
      <BaseEdge path={path} interactionWidth={24} />
      {shape && (
        <text className={classes.label} x={labelX} y={labelY} dominantBaseline="middle" textAnchor="middle">
          {shape}
        </text>
      )}
    </g>
  );
}
