import { useReactFlow } from "@xyflow/react";
import { useCallback, useEffect, useRef } from "react";
import { layoutInput } from "@/graph/placement";
import { useEditor } from "../EditorContext";
import { currentDocument } from "../state/documentStore";
import type { LayerFlowEdge, LayerFlowNode } from "./flow";
import type { LayoutAnswer, LayoutRequest } from "./layoutWorker";

const MOVE_MS = 180;

/** Arrange the graph in a worker; the outcome is one step of undo. A second call replaces the first. */
export function useAutoLayout(fit: (duration: number) => void): () => void {
  const { document, actions } = useEditor();
  const flow = useReactFlow<LayerFlowNode, LayerFlowEdge>();
  const working = useRef<Worker | null>(null);
  useEffect(() => () => working.current?.terminate(), []);

  return useCallback(() => {
    working.current?.terminate();
    const worker = new Worker(new URL("./layoutWorker.ts", import.meta.url), { type: "module" });
    working.current = worker;
    worker.addEventListener("message", (event: MessageEvent<LayoutAnswer>) => {
      actions.arrange(event.data.positions);
      worker.terminate();
      requestAnimationFrame(() => fit(MOVE_MS));
    });
    const { graph } = currentDocument(document.getState());
    const sizeOf = (id: string) => {
      const measured = flow.getInternalNode(id)?.measured;
      return measured?.width && measured.height
        ? { width: measured.width, height: measured.height }
        : undefined;
    };
    const request: LayoutRequest = { input: layoutInput(graph, sizeOf) };
    worker.postMessage(request);
  }, [document, actions, flow, fit]);
}
