import {
  Background,
  BackgroundVariant,
  MiniMap,
  ReactFlow,
  ReactFlowProvider,
  SelectionMode,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { memo, useCallback, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { nodeById } from "@/graph/topology";
import { OTHER_COLOUR } from "@/ui/groupColour";
import { useEditor, useGraph, useView } from "../EditorContext";
import classes from "./Canvas.module.css";
import { CanvasHint } from "./CanvasHint";
import { CanvasTools } from "./CanvasTools";
import { EmptyCanvas } from "./EmptyCanvas";
import type { LayerFlowEdge, LayerFlowNode } from "./flow";
import { LayerEdge } from "./LayerEdge";
import { LayerNode } from "./LayerNode";
import { useCanvasPort } from "./useCanvasPort";
import { useFlow } from "./useFlow";
import { FIT, useKeepFitted } from "./useKeepFitted";
import { useLinks } from "./useLinks";
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
  const { catalogue, document } = useEditor();
  const frame = useRef<HTMLElement>(null);
  const flow = useFlow();
  const fitted = useKeepFitted(frame);
  const port = useCanvasPort(frame, fitted);
  const drag = useNodeDrag(port);
  const isEmpty = useGraph((graph) => graph.nodes.length === 0);
  const isConnecting = useView((state) => state.connectFrom !== null);
  // A fit that is asked for while there is nothing waits for the first layer, and takes it from where it was dropped.
  const [startsEmpty] = useState(isEmpty);
  const isMinimapOpen = useView((state) => state.isMinimapOpen);

  const links = useLinks(flow.portAt, port);

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
        onNodesChange={flow.onNodesChange}
        onEdgesChange={flow.onEdgesChange}
        onNodeDragStart={drag.onStart}
        onNodeDrag={drag.onMove}
        onNodeDragStop={drag.onStop}
        onConnect={links.onConnect}
        onConnectStart={links.onConnectStart}
        onConnectEnd={links.onConnectEnd}
        onReconnect={links.onReconnect}
        isValidConnection={links.isValid}
        onMove={fitted.onMove}
        deleteKeyCode={null}
        multiSelectionKeyCode={ADDING_KEYS}
        selectionMode={SelectionMode.Partial}
        edgesFocusable={false}
        disableKeyboardA11y
        connectionRadius={28}
        nodeDragThreshold={2}
        minZoom={0.1}
        maxZoom={2}
        fitView={!startsEmpty}
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
      <CanvasHint />
      <CanvasTools />
    </section>
  );
}
