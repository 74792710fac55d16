/**
 * What mouse, keyboard, palette and menus do, in one place: a command on the document and what is selected after it.
 *
 * Refusals and results are announced, so that every act can be followed without seeing the canvas.
 */

import { fragmentOf, paste, readFragment, writeFragment } from "@/graph/clipboard";
import * as commands from "@/graph/commands";
import { type GraphDocument, type Point, source } from "@/graph/document";
import { applyFix, type Fix } from "@/graph/fixes";
import { canRedo, canUndo } from "@/graph/history";
import { isId, makeId } from "@/graph/ids";
import { isObject, type Json, type JsonObject } from "@/graph/json";
import { setOutput } from "@/graph/outputs";
import { PatchError } from "@/graph/patch";
import { type InputPort, nodeById, topologicalOrder, topologyOf } from "@/graph/topology";
import { renameInTraining, setTraining } from "@/graph/training";
import { type Direction, neighbour } from "@/graph/walk";
import type { Catalogue } from "../catalogue";
import { currentDocument, type DocumentStore, type Edit, type EditLabel } from "./documentStore";
import { type AnnouncementKey, NONE_REFUSED, type ViewStore } from "./viewStore";

export const REFUSALS: Record<commands.Refusal, AnnouncementKey> = {
  itself: "refusedItself",
  cycle: "refusedCycle",
  already: "refusedAlready",
  "no-input": "refusedNoInput",
  unknown: "refusedUnknown",
};

/** Whether a layer has its new name now, or why not. */
export type Renaming = "done" | "noName" | "taken" | "wasTaken";

export type EditorActions = ReturnType<typeof createActions>;

/** The shape of one sample of a dataset; null while that is not known. */
export type InputShapeOf = (dataset: string) => readonly number[] | null;

export function createActions(
  document: DocumentStore,
  view: ViewStore,
  catalogue: Catalogue,
  inputShapeOf: InputShapeOf = () => null,
) {
  const graph = (): GraphDocument => currentDocument(document.getState()).graph;
  const edit = (
    label: EditLabel,
    command: (graph: GraphDocument) => GraphDocument,
    merge?: string,
  ): boolean => {
    const before = graph();
    const options: Edit = merge === undefined ? { label } : { label, merge };
    document.getState().changeGraph(command, options);
    return graph() !== before;
  };
  const announce = (key: AnnouncementKey, values: Record<string, string | number> = {}) =>
    view.getState().announce(key, values);
  const inputsOf = (id: string) => catalogue.inputsOf(nodeById(graph(), id)?.type ?? "");

  /** Configuration of a new layer; one that data enters by takes the shape of the chosen dataset. */
  const startOf = (type: string): JsonObject => {
    const layer = catalogue.layer(type);
    if (!layer) return {};
    const { dataset } = currentDocument(document.getState()).training;
    const id = isObject(dataset) ? dataset.id : undefined;
    const shape = layer.inputs.max === 0 && typeof id === "string" ? inputShapeOf(id) : null;
    const field = layer.fields.find(({ name, widget }) => widget === "shape" && name in layer.start);
    return shape && field ? { ...layer.start, [field.name]: [...shape] } : layer.start;
  };

  /** Run a command that adds a node of `type`; select it and say so. */
  const add = (
    type: string,
    command: (graph: GraphDocument, node: commands.NewNode, inputs: commands.InputCount) => GraphDocument,
  ): string | null => {
    const id = makeId(type, document.getState().usedIds);
    if (!edit("add", (now) => command(now, { id, type, config: startOf(type) }, catalogue.inputsOf(type))))
      return null;
    view.getState().noteUse(type);
    view.getState().select([id]);
    view.getState().show(id);
    announce("added", { type, id });
    return id;
  };

  /** Where the next layer goes: after what is selected, else after the last output. */
  const tail = (): string | null => {
    const { selection } = view.getState();
    const chosen = selection.at(-1);
    if (chosen !== undefined && nodeById(graph(), chosen)) return chosen;
    return graph().outputs.at(-1)?.node ?? topologicalOrder(graph()).at(-1) ?? null;
  };

  const actions = {
    tail,
    addAt: (type: string, at: Point) => add(type, (now, node) => commands.addNode(now, node, at)),
    addAfterSelection: (type: string) =>
      add(type, (now, node, inputs) => commands.addAfter(now, node, tail(), inputs)),
    addAfter: (type: string, id: string) =>
      add(type, (now, node, inputs) => commands.addAfter(now, node, id, inputs)),
    addBefore: (type: string, id: string) =>
      add(type, (now, node, inputs) =>
        commands.addBefore(now, node, id, { node: inputs, before: inputsOf(id) }),
      ),
    addBranch: (type: string, from: string, output: number, at: Point | null) =>
      add(type, (now, node, inputs) =>
        commands.addBranch(now, node, source(from, output), inputs, at ?? undefined),
      ),
    addFeeding: (type: string, target: InputPort, at: Point | null) =>
      add(type, (now, node) =>
        commands.addFeeding(now, node, target, inputsOf(target.target), at ?? undefined),
      ),
    insertOnEdge: (type: string, edge: InputPort, at?: Point) =>
      add(type, (now, node, inputs) => commands.insertOnEdge(now, node, edge, inputs, at)),

    connect(connection: commands.Connection): boolean {
      const inputs = inputsOf(connection.target);
      const refused = commands.refusal(graph(), connection, inputs);
      if (refused) {
        announce(REFUSALS[refused], { source: connection.source, target: connection.target });
        return false;
      }
      edit("connect", (now) => commands.connect(now, connection, inputs));
      announce("connected", { source: connection.source, target: connection.target });
      return true;
    },
    reconnect(edge: InputPort, connection: commands.Connection): void {
      edit("connect", (now) => commands.reconnect(now, edge, connection, inputsOf(connection.target)));
    },
    /** Whether a link may be made; asked on every pointer move while one is drawn. */
    refusal: (connection: commands.Connection) =>
      commands.refusal(graph(), connection, inputsOf(connection.target)),

    /** Show which nodes cannot take a link from `source`, or give one to `target`, until `stopLinking`. */
    startLinking(end: { readonly source: string } | { readonly target: string }): void {
      const reasons = graph().nodes.flatMap(({ id }) => {
        const link = "source" in end ? { ...end, target: id } : { ...end, source: id };
        const reason = commands.refusal(graph(), link, inputsOf(link.target));
        const { source, target } = link;
        return reason && reason !== "itself" ? [[id, { reason, source, target }] as const] : [];
      });
      view.setState({ refused: new Map(reasons) });
    },
    stopLinking(): void {
      view.setState({ refused: NONE_REFUSED });
    },

    /** Commit where nodes were dragged to; one that stands alone and was dropped on an edge goes into it. */
    drop(positions: Readonly<Record<string, Point>>, edge: InputPort | null): void {
      const moved = Object.keys(positions);
      const only = moved.length === 1 ? moved[0] : undefined;
      edit("move", (now) => {
        const placed = commands.moveNodes(now, positions);
        return edge && only !== undefined
          ? commands.moveOntoEdge(placed, only, edge, inputsOf(only))
          : placed;
      });
    },
    nudge(shift: Point): void {
      const { selection } = view.getState();
      const { layout } = graph();
      const positions = selection.flatMap((id) => {
        const point = layout[id];
        return point ? [[id, { x: point.x + shift.x, y: point.y + shift.y }] as const] : [];
      });
      edit("move", (now) => commands.moveNodes(now, Object.fromEntries(positions)), "nudge");
    },
    arrange(positions: Readonly<Record<string, Point>>): void {
      if (edit("layout", (now) => commands.moveNodes(now, positions))) announce("arranged");
    },

    setParameter(id: string, name: string, value: Json | undefined): void {
      const type = nodeById(graph(), id)?.type ?? "";
      const defaultValue = catalogue.defaultsOf(type)[name];
      edit(
        "parameter",
        (now) => commands.setParameter(now, id, name, value, defaultValue),
        `parameter ${id} ${name}`,
      );
    },
    setTraining(name: string, value: Json | undefined): void {
      document.getState().changeTraining((now) => setTraining(now, name, value), {
        label: "training",
        merge: `training ${name}`,
      });
    },
    setOutput: (id: string, on: boolean) => edit("output", (now) => setOutput(now, id, on)),
    moveInput: (id: string, from: number, to: number) =>
      edit("connect", (now) => commands.moveInput(now, id, from, to)),
    renameModel: (name: string) => edit("rename", (now) => commands.renameGraph(now, name), "rename model"),

    /** Give a layer another name. Says why, and does nothing, when the name cannot be taken. */
    renameLayer(from: string, to: string): Renaming {
      if (from === to) return "done";
      if (!isId(to)) return "noName";
      const before = currentDocument(document.getState());
      if (before.graph.nodes.some(({ id }) => id === to)) return "taken";
      if (document.getState().usedIds.has(to)) return "wasTaken";
      const renamed = commands.renameNode(before.graph, from, to);
      if (renamed === before.graph) return "noName";
      const next = { graph: renamed, training: renameInTraining(before.training, from, to) };
      document.getState().change(next, { label: "rename" });
      const { selection } = view.getState();
      view.getState().select(
        selection.map((id) => (id === from ? to : id)),
        { keepTab: true },
      );
      return "done";
    },

    deleteSelection(): void {
      const { selection, selectedEdges, current } = view.getState();
      if (selection.length > 0) {
        const next = selection
          .map((id) => neighbour(graph(), id, "up"))
          .find((id) => id && !selection.includes(id));
        if (edit("delete", (now) => commands.removeNodes(now, selection))) {
          announce("deleted", { count: selection.length });
          view.getState().select(next ? [next] : []);
          if (next) view.getState().show(next, { focus: true });
          if (!next && current && !nodeById(graph(), current)) view.setState({ current: null });
        }
      } else if (
        selectedEdges.length > 0 &&
        edit("disconnect", (now) => commands.disconnect(now, selectedEdges))
      ) {
        announce("disconnected", { count: selectedEdges.length });
        view.getState().selectEdges([]);
      }
    },
    disconnect(edges: readonly InputPort[]): void {
      if (edit("disconnect", (now) => commands.disconnect(now, edges))) {
        announce("disconnected", { count: edges.length });
      }
    },

    /** The selection as clipboard text, or null when nothing is selected. */
    copy(): string | null {
      const { selection } = view.getState();
      if (selection.length === 0) return null;
      announce("copied", { count: selection.length });
      return writeFragment(fragmentOf(graph(), selection));
    },
    paste(text: string, at?: Point): boolean {
      const fragment = readFragment(text);
      if (!fragment) {
        announce("notPasted");
        return false;
      }
      const pasted = paste(graph(), fragment, document.getState().usedIds, at);
      edit("paste", () => pasted.graph);
      view.getState().select(pasted.ids);
      announce("pasted", { count: pasted.ids.length });
      return true;
    },
    duplicate(): void {
      const { selection } = view.getState();
      if (selection.length === 0) return;
      const fragment = fragmentOf(graph(), selection);
      const copied = paste(graph(), fragment, document.getState().usedIds);
      edit("duplicate", () => copied.graph);
      view.getState().select(copied.ids);
      announce("pasted", { count: copied.ids.length });
    },
    selectAll(): void {
      view.getState().select(graph().nodes.map((node) => node.id));
      announce("selectedAll", { count: graph().nodes.length });
    },

    undo(): void {
      const { history, undo } = document.getState();
      if (!canUndo(history)) return;
      undo();
      forgetGone();
      announce("undone");
    },
    redo(): void {
      const { history, redo } = document.getState();
      if (!canRedo(history)) return;
      const before = graph();
      redo();
      selectNew(before);
      forgetGone();
      announce("redone");
    },

    /** Apply a fix that was made for the document as it is. False when it no longer fits. */
    fix(fix: Fix & { readonly label: string }): boolean {
      const before = currentDocument(document.getState());
      try {
        const after = applyFix(before, fix);
        document.getState().change(after, { label: "fix" });
      } catch (error) {
        if (!(error instanceof PatchError)) throw error;
        announce("fixStale");
        return false;
      }
      selectNew(before.graph);
      forgetGone();
      announce("fixed", { label: fix.label });
      return true;
    },

    /** Move keyboard focus along the graph. The selection follows. */
    walk(direction: Direction): string | null {
      const { current, selection, connectFrom } = view.getState();
      const from = current ?? selection.at(-1) ?? null;
      const here = from !== null && nodeById(graph(), from) ? from : null;
      const next = here ? neighbour(graph(), here, direction) : (topologicalOrder(graph())[0] ?? null);
      if (next === null) return null;
      if (connectFrom === null) view.getState().select([next], { keepTab: true });
      else view.setState({ current: next });
      view.getState().show(next, { focus: true });
      return next;
    },

    /** Give the keyboard to the node that it left, else to the last one. */
    focusCanvas(): void {
      const { current } = view.getState();
      const id = current !== null && nodeById(graph(), current) ? current : tail();
      if (id !== null) view.getState().show(id, { focus: true });
    },

    /** Start a link at the current node, to be ended at another by `finishConnecting`. */
    startConnecting(): void {
      const { current, selection } = view.getState();
      const from = selection.at(-1) ?? current;
      if (from === null || from === undefined || !nodeById(graph(), from)) {
        announce("connectNothing");
        return;
      }
      view.setState({ connectFrom: from, current: from });
      actions.startLinking({ source: from });
      announce("connecting", { id: from });
    },
    finishConnecting(): void {
      const { connectFrom, current } = view.getState();
      if (connectFrom === null || current === null || current === connectFrom) return;
      if (actions.connect({ source: connectFrom, target: current })) {
        view.setState({ connectFrom: null });
        actions.stopLinking();
        view.getState().select([current]);
      }
    },
    cancelConnecting(): void {
      if (view.getState().connectFrom === null) return;
      view.setState({ connectFrom: null });
      actions.stopLinking();
      announce("connectCancelled");
    },
  };

  /** Select the layers that were not there before, if there are any: they are what one goes on with. */
  function selectNew(before: GraphDocument): void {
    const known = topologyOf(before).byId;
    const fresh = graph().nodes.filter((node) => !known.has(node.id));
    if (fresh.length > 0) view.getState().select(fresh.map((node) => node.id));
  }

  /** Drop ids from the selection that an undo or a fix took away. */
  function forgetGone(): void {
    const { selection, selectedEdges, current, connectFrom } = view.getState();
    const { byId } = topologyOf(graph());
    const kept = selection.filter((id) => byId.has(id));
    const edges = selectedEdges.filter((edge) => byId.get(edge.target)?.inputs[edge.port]);
    view.setState({
      ...(kept.length === selection.length ? {} : { selection: kept }),
      ...(edges.length === selectedEdges.length ? {} : { selectedEdges: edges }),
      ...(current !== null && !byId.has(current) ? { current: kept.at(-1) ?? null } : {}),
      ...(connectFrom !== null && !byId.has(connectFrom) ? { connectFrom: null } : {}),
    });
  }

  return actions;
}
