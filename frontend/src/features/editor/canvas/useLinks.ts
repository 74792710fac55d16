import type { IsValidConnection, OnConnect, OnConnectEnd, OnConnectStart, OnReconnect } from "@xyflow/react";
import { useMemo } from "react";
import type { InputPort } from "@/graph/topology";
import { type CanvasPort, useEditor } from "../EditorContext";
import { handleIndex, type LayerFlowEdge } from "./flow";

type PortAt = (target: string, handle: string | null | undefined) => { target: string; port?: number };

interface Links {
  onConnect: OnConnect;
  onConnectStart: OnConnectStart;
  onConnectEnd: OnConnectEnd;
  onReconnect: OnReconnect<LayerFlowEdge>;
  isValid: IsValidConnection<LayerFlowEdge>;
}

/**
 * Links drawn with the pointer.
 *
 * One that is let go over a node ends at it, over empty canvas it asks which layer to add. The functions stay the same
 * between drawings: React Flow tells all its nodes and edges when one changes.
 */
export function useLinks(portAt: PortAt, canvas: CanvasPort): Links {
  const { actions, view } = useEditor();
  return useMemo<Links>(() => {
    const portOf = (edge: LayerFlowEdge): InputPort => ({ target: edge.target, port: edge.data?.port ?? 0 });
    return {
      onConnect: ({ source, sourceHandle, target, targetHandle }) =>
        actions.connect({ source, output: handleIndex(sourceHandle), ...portAt(target, targetHandle) }),
      onReconnect: (old, { source, sourceHandle, target, targetHandle }) =>
        actions.reconnect(portOf(old), {
          source,
          output: handleIndex(sourceHandle),
          ...portAt(target, targetHandle),
        }),
      isValid: ({ source, sourceHandle, target }) =>
        actions.refusal({ source, output: handleIndex(sourceHandle), target }) === null,
      onConnectStart: (_event, { nodeId, handleType }) => {
        if (nodeId !== null)
          actions.startLinking(handleType === "target" ? { target: nodeId } : { source: nodeId });
      },
      onConnectEnd(event, link) {
        actions.stopLinking();
        const { fromHandle, fromNode } = link;
        if (link.isValid || !fromHandle || !fromNode) return;
        const pointer = "changedTouches" in event ? event.changedTouches[0] : event;
        if (!pointer) return;
        const at = { x: pointer.clientX, y: pointer.clientY };
        const index = handleIndex(fromHandle.id);
        const isSource = fromHandle.type === "source";
        const over = nodeAt(at);
        if (over !== null) {
          if (over === fromNode.id) return;
          if (isSource) actions.connect({ source: fromNode.id, output: index, target: over });
          else actions.connect({ source: over, target: fromNode.id, port: index });
        } else if (canvas.contains(at)) {
          const purpose = isSource
            ? ({ kind: "branch", node: fromNode.id, output: index } as const)
            : ({ kind: "feed", target: fromNode.id, port: index } as const);
          view.setState({ layerMenu: { purpose, at, place: canvas.toCanvas(at) } });
        }
      },
    };
  }, [actions, view, portAt, canvas]);
}

function nodeAt(at: { x: number; y: number }): string | null {
  const element = document.elementFromPoint(at.x, at.y)?.closest(".react-flow__node");
  return element?.getAttribute("data-id") ?? null;
}
