import { BaseEdge, type EdgeProps, getBezierPath } from "@xyflow/react";
import { memo } from "react";
import { lanePath } from "@/graph/routing";
import { useNodeReport, useView } from "../EditorContext";
import { formatShape } from "../format";
import type { LayerFlowEdge } from "./flow";
import classes from "./LayerEdge.module.css";

/** React Flow ends an edge at the rim of the handle; the line goes on to its dot. */
const TO_DOT = 7;
const LABEL_GAP = 9;
const LABEL_LINE = 17;

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
  const [fromY, toY] = [sourceY - TO_DOT, targetY + TO_DOT];
  const lane = data?.lane;
  const direct = getBezierPath({ sourceX, sourceY: fromY, targetX, targetY: toY });
  const path = lane ? lanePath({ x: sourceX, y: fromY }, { x: targetX, y: toY }, lane) : direct[0];
  const anchor = !lane ? "middle" : lane.side === "right" ? "start" : "end";
  const labelX = lane ? lane.x + (lane.side === "right" ? LABEL_GAP : -LABEL_GAP) : direct[1];
  const labelY = lane ? (fromY + toY) / 2 + lane.index * LABEL_LINE : direct[2];
  const shape = data?.output === 0 ? formatShape(report?.output_shape) : null;
  return (
    <g className={classes.edge} data-selected={selected} data-drop={isDropTarget || undefined}>
      <BaseEdge path={path} interactionWidth={24} />
      {shape && (
        <text className={classes.label} x={labelX} y={labelY} dominantBaseline="middle" textAnchor={anchor}>
          {shape}
        </text>
      )}
    </g>
  );
}
