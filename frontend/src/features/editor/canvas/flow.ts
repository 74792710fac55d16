/** The graph as React Flow takes it. What did not change keeps its identity, so that it is not drawn again. */

import type { Edge as FlowEdge, Node } from "@xyflow/react";
import type { GraphDocument } from "@/graph/document";
import { type Lane, lanesOf } from "@/graph/routing";
import { type Edge, type InputPort, topologyOf } from "@/graph/topology";
import type { Catalogue } from "../catalogue";
import { handleCount } from "../catalogue";

export type LayerFlowNode = Node<Record<string, never>, "layer">;
export type LayerFlowEdge = FlowEdge<{ port: number; output: number; lane: Lane | null }, "layer">;

const NO_DATA: Record<string, never> = {};
const FOCUS_STOP = { tabIndex: 0 };
const NO_FOCUS_STOP = { tabIndex: -1 };

export function sourceHandle(output: number): string {
  return `out-${output}`;
}

export function targetHandle(port: number): string {
  return `in-${port}`;
}

/** The port or output that a handle stands for. */
export function handleIndex(handle: string | null | undefined): number {
  return Number(handle?.split("-")[1] ?? 0);
}

export interface NodeView {
  readonly selection: ReadonlySet<string>;
  /** The one node that the Tab key stops at. */
  readonly focusStop: string | null;
  readonly labelOf: (id: string) => string;
}

/** Flow nodes for a graph, reusing those of `before` that are still right. Measured sizes are kept. */
export function flowNodes(before: LayerFlowNode[], graph: GraphDocument, view: NodeView): LayerFlowNode[] {
  const known = new Map(before.map((node) => [node.id, node]));
  const nodes = graph.nodes.map(({ id }): LayerFlowNode => {
    const old = known.get(id);
    const position = graph.layout[id] ?? { x: 0, y: 0 };
    const selected = view.selection.has(id);
    const ariaLabel = view.labelOf(id);
    const domAttributes = view.focusStop === id ? FOCUS_STOP : NO_FOCUS_STOP;
    const isSame =
      old &&
      old.position.x === position.x &&
      old.position.y === position.y &&
      old.selected === selected &&
      old.ariaLabel === ariaLabel &&
      old.domAttributes === domAttributes;
    if (isSame) return old;
    const base: LayerFlowNode = old ?? { id, type: "layer", data: NO_DATA, position };
    return { ...base, position, selected, ariaLabel, domAttributes };
  });
  return unlessSame(before, nodes);
}

function unlessSame<T>(before: T[], after: T[]): T[] {
  const isSame = before.length === after.length && after.every((item, index) => item === before[index]);
  return isSame ? before : after;
}

export interface EdgeView {
  readonly selected: readonly InputPort[];
  readonly labelOf: (edge: Edge) => string;
}

export function flowEdges(
  before: LayerFlowEdge[],
  graph: GraphDocument,
  catalogue: Catalogue,
  view: EdgeView,
): LayerFlowEdge[] {
  const known = new Map(before.map((edge) => [edge.id, edge]));
  const { byId, edges } = topologyOf(graph);
  const lanes = lanesOf(graph);
  const flow = edges.map((edge): LayerFlowEdge => {
    const handles = handleCount(catalogue.inputsOf(byId.get(edge.target)?.type ?? ""));
    const target = targetHandle(Math.min(edge.port, Math.max(0, handles - 1)));
    const selected = view.selected.some((port) => port.target === edge.target && port.port === edge.port);
    const ariaLabel = view.labelOf(edge);
    const old = known.get(edge.id);
    const lane = lanes.get(edge.id) ?? null;
    const isSame =
      old &&
      old.selected === selected &&
      old.ariaLabel === ariaLabel &&
      old.targetHandle === target &&
      sameLane(old.data?.lane ?? null, lane);
    if (isSame) return old;
    return {
      id: edge.id,
      type: "layer",
      source: edge.source,
      target: edge.target,
      sourceHandle: sourceHandle(edge.output),
      targetHandle: target,
      data: { port: edge.port, output: edge.output, lane },
      selected,
      ariaLabel,
      domAttributes: NO_FOCUS_STOP,
    };
  });
  return unlessSame(before, flow);
}

function sameLane(a: Lane | null, b: Lane | null): boolean {
  return a === b || (a?.x === b?.x && a?.side === b?.side && a?.index === b?.index);
}
