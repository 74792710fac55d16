/** One Studio's stores and actions, for the components of its page. */

import { createContext, type ReactNode, use } from "react";
import { useStore } from "zustand";
import type { GraphDocument, GraphNode, Point, StudioDocument } from "@/graph/document";
import { type Edge, nodeById } from "@/graph/topology";
import type { Catalogue } from "./catalogue";
import type { EditorActions } from "./state/actions";
import type { Checker, CheckState } from "./state/checking";
import { currentDocument, type DocumentState, type DocumentStore } from "./state/documentStore";
import type { Saver, SaveState } from "./state/saving";
import type { TrainingControl, TrainingState } from "./state/trainingControl";
import type { ViewState, ViewStore } from "./state/viewStore";
import type { NodeReport } from "./wire";

/** What the canvas lends to those outside it, such as a palette that drops onto it. */
export interface CanvasPort {
  /** Whether a point on the screen lies on the canvas. */
  contains(at: Point): boolean;
  toCanvas(at: Point): Point;
  edgeAt(at: Point): Edge | null;
  /** The middle of what is seen, on the screen. */
  middle(): Point;
  placeOf(id: string): Point | null;
  fit(): void;
  zoom(factor: number): void;
  arrange(): void;
}

export interface Editor {
  readonly catalogue: Catalogue;
  readonly document: DocumentStore;
  readonly view: ViewStore;
  readonly checker: Checker;
  readonly saver: Saver;
  readonly actions: EditorActions;
  readonly training: TrainingControl;
  /** Empty while no canvas is shown. */
  readonly canvas: { current: CanvasPort | null };
}

const EditorContext = createContext<Editor | null>(null);

export function EditorProvider({ editor, children }: { editor: Editor; children: ReactNode }) {
  return <EditorContext value={editor}>{children}</EditorContext>;
}

export function useEditor(): Editor {
  const editor = use(EditorContext);
  if (!editor) throw new Error("A part of the Studio stands outside EditorProvider.");
  return editor;
}

/** A part of the document store's state. The component is drawn again when that part changes, and only then. */
export function useDocument<T>(select: (state: DocumentState) => T): T {
  return useStore(useEditor().document, select);
}

export function useGraph<T>(select: (graph: GraphDocument) => T): T {
  return useDocument((state) => select(currentDocument(state).graph));
}

export function useTraining<T>(select: (training: StudioDocument["training"]) => T): T {
  return useDocument((state) => select(currentDocument(state).training));
}

export function useNode(id: string): GraphNode | undefined {
  return useGraph((graph) => nodeById(graph, id));
}

export function useView<T>(select: (view: ViewState) => T): T {
  return useStore(useEditor().view, select);
}

export function useCheck<T>(select: (check: CheckState) => T): T {
  return useStore(useEditor().checker.store, select);
}

export function useNodeReport(id: string): NodeReport | undefined {
  return useCheck((check) => check.report?.nodes[id]);
}

export function useTrainingControl<T>(select: (state: TrainingState) => T): T {
  return useStore(useEditor().training.store, select);
}

export function useSaving<T>(select: (saving: SaveState) => T): T {
  return useStore(useEditor().saver.store, select);
}
