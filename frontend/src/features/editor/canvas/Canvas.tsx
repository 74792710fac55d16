import {
  Background,
  BackgroundVariant,
  MiniMap,
  type NodeChange,
  type OnConnectEnd,
  ReactFlow,
  ReactFlowProvider,
  SelectionMode,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { memo, useCallback, useRef } from "react";
import { useTranslation } from "react-i18next";
import { nodeById } from "@/graph/topology";
import { OTHER_COLOUR } from "@/ui/groupColour";
import { useEditor, useGraph, useView } from "../EditorContext";
import classes from "./Canvas.module.css";
import { CanvasTools } from "./CanvasTools";
import { EmptyCanvas } from "./EmptyCanvas";
import { handleIndex, type LayerFlowEdge, type LayerFlowNode } from "./flow";
import { LayerEdge } from "./LayerEdge";
import { LayerNode } from "./LayerNode";
import { useCanvasPort } from "./useCanvasPort";
import { useFlow } from "./useFlow";
import { FIT, useKeepFitted } from "./useKeepFitted";
import { useNodeDrag } from "./useNodeDrag";

const NODE_TYPES = { layer: LayerNode };
const EDGE_TYPES = { layer: LayerEdge };
const ADDING_KEYS = ["Control", "Meta", "Shift"];

/** The graph, to be laid out and wired with the pointer. The keyboard's part is in `keyboard/`. */
export const Canvas = memo(function Canvas() {
  return (
    <ReactFlowProvider>
      <FlowCanvas />
    </ReactFlowProvider>
  );
});

function FlowCanvas() {
  const { t } = useTranslation("editor");
  const { actions, view, catalogue, document } = useEditor();
  const frame = useRef<HTMLElement>(null);
  const flow = useFlow();
  const fitted = useKeepFitted(frame);
  const port = useCanvasPort(frame, fitted);
  const drag = useNodeDrag(port);
  const isEmpty = useGraph((graph) => graph.nodes.length === 0);
  const isConnecting = useView((state) => state.connectFrom !== null);
  const isMinimapOpen = useView((state) => state.isMinimapOpen);

  const onConnectEnd: OnConnectEnd = useCallback(
    (event, link) => {
      if (link.isValid || !link.fromHandle || !link.fromNode) return;
      const touch = "changedTouches" in event ? event.changedTouches[0] : event;
      if (!touch) return;
      const at = { x: touch.clientX, y: touch.clientY };
      const index = handleIndex(link.fromHandle.id);
      const isSource = link.fromHandle.type === "source";
      const over = nodeAt(at);
      if (over !== null) {
        if (over === link.fromNode.id) return;
        if (isSource) actions.connect({ source: link.fromNode.id, output: index, target: over });
        else actions.connect({ source: over, target: link.fromNode.id, port: index });
      } else if (port.contains(at)) {
        const purpose = isSource
          ? ({ kind: "branch", node: link.fromNode.id, output: index } as const)
          : ({ kind: "feed", target: link.fromNode.id, port: index } as const);
        view.setState({ layerMenu: { purpose, at, place: port.toCanvas(at) } });
      }
    },
    [actions, view, port],
  );

  const colourOf = useCallback(
    (node: LayerFlowNode) => {
      const graph = document.getState().history.present.document.graph;
      return catalogue.layer(nodeById(graph, node.id)?.type ?? "")?.colour ?? OTHER_COLOUR;
    },
    [catalogue, document],
  );

  return (
    <section
      ref={frame}
      className={classes.canvas}
      aria-label={t("canvas.label")}
      data-connecting={isConnecting}
      data-canvas-keys
    >
      <ReactFlow<LayerFlowNode, LayerFlowEdge>
        nodes={flow.nodes}
        edges={flow.edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        onNodesChange={flow.onNodesChange as (changes: NodeChange<LayerFlowNode>[]) => void}
        onEdgesChange={flow.onEdgesChange}
        onNodeDragStart={drag.onStart}
        onNodeDrag={drag.onMove}
        onNodeDragStop={drag.onStop}
        onConnect={({ source, sourceHandle, target, targetHandle }) =>
          actions.connect({ source, output: handleIndex(sourceHandle), ...flow.portAt(target, targetHandle) })
        }
        onConnectEnd={onConnectEnd}
        onMove={fitted.onMove}
        onReconnect={(old, { source, sourceHandle, target, targetHandle }) =>
          actions.reconnect(
            { target: old.target, port: old.data?.port ?? 0 },
            { source, output: handleIndex(sourceHandle), ...flow.portAt(target, targetHandle) },
          )
        }
        isValidConnection={({ source, sourceHandle, target }) =>
          actions.refusal({ source, output: handleIndex(sourceHandle), target }) === null
        }
        deleteKeyCode={null}
        multiSelectionKeyCode={ADDING_KEYS}
        selectionMode={SelectionMode.Partial}
        edgesFocusable={false}
        disableKeyboardA11y
        connectionRadius={28}
        nodeDragThreshold={2}
        minZoom={0.1}
        maxZoom={2}
        fitView
        fitViewOptions={FIT}
      >
        <Background variant={BackgroundVariant.Dots} gap={24} size={1.2} className={classes.dots ?? ""} />
        {isMinimapOpen && (
          <MiniMap<LayerFlowNode>
            className={classes.minimap ?? ""}
            nodeColor={colourOf}
            nodeBorderRadius={8}
            pannable
            zoomable
            ariaLabel={t("canvas.minimap")}
          />
        )}
      </ReactFlow>
      {isEmpty && <EmptyCanvas />}
      <CanvasTools />
    </section>
  );
}

function nodeAt(at: { x: number; y: number }): string | null {
  const element = globalThis.document.elementFromPoint(at.x, at.y)?.closest(".react-flow__node");
  return element?.getAttribute("data-id") ?? null;
}
