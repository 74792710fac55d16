import { applyNodeChanges, type EdgeChange, type NodeChange } from "@xyflow/react";
import { useCallback, useLayoutEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Edge } from "@/graph/topology";
import { nodeById, topologyOf } from "@/graph/topology";
import { handleCount } from "../catalogue";
import { useCheck, useEditor, useGraph, useView } from "../EditorContext";
import { formatShape } from "../format";
import { currentDocument } from "../state/documentStore";
import { flowEdges, flowNodes, handleIndex, type LayerFlowEdge, type LayerFlowNode } from "./flow";

/**
 * Nodes and edges for React Flow.
 *
 * Between pointer down and up, positions live here and only here; the document hears of the drag when it is over.
 */
export function useFlow() {
  const { document, view, catalogue } = useEditor();
  const labels = useLabels();
  const graph = useGraph((now) => now);
  const selection = useView((state) => state.selection);
  const selectedEdges = useView((state) => state.selectedEdges);
  const current = useView((state) => state.current);
  const [nodes, setNodes] = useState<LayerFlowNode[]>([]);
  const [edges, setEdges] = useState<LayerFlowEdge[]>([]);

  useLayoutEffect(() => {
    const focusStop = current ?? graph.nodes[0]?.id ?? null;
    const shown = { selection: new Set(selection), focusStop, labelOf: labels.node };
    setNodes((before) => flowNodes(before, graph, shown));
  }, [graph, selection, current, labels]);

  useLayoutEffect(() => {
    setEdges((before) =>
      flowEdges(before, graph, catalogue, { selected: selectedEdges, labelOf: labels.edge }),
    );
  }, [graph, selectedEdges, catalogue, labels]);

  const onNodesChange = useCallback(
    (changes: NodeChange<LayerFlowNode>[]) => {
      const moves = changes.filter((change) => change.type === "position" || change.type === "dimensions");
      if (moves.length > 0) setNodes((before) => applyNodeChanges(moves, before));
      const picks = changes.filter((change) => change.type === "select");
      if (picks.length === 0) return;
      const selected = new Set(view.getState().selection);
      for (const { id, selected: isSelected } of picks) {
        if (isSelected) selected.add(id);
        else selected.delete(id);
      }
      const ids = [...selected];
      const last = picks.findLast((change) => change.selected)?.id;
      view.setState({
        selection: ids,
        ...(last === undefined ? {} : { current: last, inspectorTab: "layer" as const }),
      });
    },
    [view],
  );

  const onEdgesChange = useCallback(
    (changes: EdgeChange<LayerFlowEdge>[]) => {
      const picks = changes.filter((change) => change.type === "select");
      if (picks.length === 0) return;
      const byId = new Map(
        topologyOf(currentDocument(document.getState()).graph).edges.map((edge) => [edge.id, edge]),
      );
      const touched = new Set(picks.map((change) => byId.get(change.id)));
      const kept = view
        .getState()
        .selectedEdges.filter(
          (old) => ![...touched].some((edge) => edge?.target === old.target && edge.port === old.port),
        );
      const added = picks.flatMap((change) => {
        const edge = change.selected ? byId.get(change.id) : undefined;
        return edge ? [{ target: edge.target, port: edge.port }] : [];
      });
      view.setState({ selectedEdges: [...kept, ...added] });
    },
    [document, view],
  );

  /** Target and port of a connection; where one handle stands for all ports, the port is left to the command. */
  const portAt = useCallback(
    (target: string, handle: string | null | undefined) => {
      const type = nodeById(currentDocument(document.getState()).graph, target)?.type ?? "";
      const inputs = catalogue.inputsOf(type);
      return inputs.max !== null && handleCount(inputs) > 0
        ? { target, port: handleIndex(handle) }
        : { target };
    },
    [document, catalogue],
  );

  return { nodes, edges, onNodesChange, onEdgesChange, portAt };
}

/** What a screen reader says for a node and for an edge. */
function useLabels() {
  const { t } = useTranslation("editor");
  const { document, checker } = useEditor();
  const report = useCheck((check) => check.report);
  return useMemo(() => {
    const typeOf = (id: string) => nodeById(currentDocument(document.getState()).graph, id)?.type ?? "";
    const shapeOf = (id: string) => formatShape(checker.store.getState().report?.nodes[id]?.output_shape);
    const problemsOf = (id: string) => report?.problems.filter((problem) => problem.node === id).length ?? 0;
    return {
      node(id: string) {
        const parts = [t("node.label", { type: typeOf(id), id })];
        const shape = shapeOf(id);
        if (shape) parts.push(t("node.gives", { shape }));
        const problems = problemsOf(id);
        if (problems > 0) parts.push(t("node.problems", { count: problems }));
        return parts.join(", ");
      },
      edge({ source, target }: Edge) {
        const shape = shapeOf(source);
        const words = t("edge.label", { source, target });
        return shape ? `${words}, ${shape}` : words;
      },
    };
  }, [t, document, checker, report]);
}
