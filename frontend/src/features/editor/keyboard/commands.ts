/**
 * All commands of the Studio with their keys: one list behind the keyboard, Ctrl+K and the sheet of shortcuts.
 *
 * Names are under `command` in the texts.
 */

import { flushSync } from "react-dom";
import type { Direction } from "@/graph/walk";
import type { Editor } from "../EditorContext";
import type texts from "../locales/en.json";
import { PALETTE_SEARCH_ID } from "../palette/searchField";
import type { DockTab, InspectorTab, LayerMenu } from "../state/viewStore";

export type CommandId = keyof typeof texts.command;
export type CommandGroup = keyof typeof texts.commandGroup;

/** Where a command's keys work: on the canvas and its outline, wherever no text is typed, or everywhere. */
export type Scope = "canvas" | "studio" | "everywhere";

export interface EditorCommand {
  readonly id: CommandId;
  readonly group: CommandGroup;
  readonly keys: readonly string[];
  readonly scope: Scope;
  /** The browser's own clipboard events do it when the keys are pressed. */
  readonly isClipboard?: boolean;
  /** Keys that make no sense out of a list, such as arrows. */
  readonly isKeyOnly?: boolean;
  run(editor: Editor): void;
}

const NUDGE = 8;

function openLayerMenu({ view, canvas, document, actions }: Editor, kind: "after" | "before"): void {
  const { selection, current } = view.getState();
  const { graph } = document.getState().history.present.document;
  const known = [...selection].reverse().concat(current ?? []);
  const node = known.find((id) => graph.layout[id]) ?? actions.tail();
  const port = canvas.current;
  const at = (node === null ? null : port?.placeOf(node)) ?? port?.middle() ?? { x: 200, y: 200 };
  const purpose: LayerMenu["purpose"] = node === null ? { kind: "first" } : { kind, node };
  view.setState({ layerMenu: { purpose, at, place: null } });
}

async function copySelection(editor: Editor): Promise<void> {
  const text = editor.actions.copy();
  if (text !== null) await navigator.clipboard.writeText(text);
}

async function pasteClipboard(editor: Editor): Promise<void> {
  editor.actions.paste(await navigator.clipboard.readText());
}

function walk(direction: Direction, key: string): EditorCommand {
  const id = ({ up: "walkUp", down: "walkDown", left: "walkLeft", right: "walkRight" } as const)[direction];
  return {
    id,
    group: "canvas",
    keys: [key],
    scope: "canvas",
    isKeyOnly: true,
    run: (editor) => editor.actions.walk(direction),
  };
}

function nudge(
  id: "nudgeUp" | "nudgeDown" | "nudgeLeft" | "nudgeRight",
  key: string,
  x: number,
  y: number,
): EditorCommand {
  return {
    id,
    group: "canvas",
    keys: [key],
    scope: "canvas",
    isKeyOnly: true,
    run: (editor) => editor.actions.nudge({ x: x * NUDGE, y: y * NUDGE }),
  };
}

/** Enter finishes a link that is being made, else leads to the layer's parameters. */
function confirm({ view, actions }: Editor): void {
  if (view.getState().connectFrom !== null) {
    actions.finishConnecting();
    return;
  }
  if (view.getState().selection.length === 0) return;
  openProperties(view, "layer");
}

/** Show a tab of the properties and go on in its first field; in the tab itself where there is none. */
function openProperties(view: Editor["view"], tab: InspectorTab): void {
  flushSync(() => view.setState({ inspectorTab: tab, drawer: "properties" }));
  focusFirst(
    "[data-inspector] [role=tabpanel] :is(input, select, textarea):not([type=hidden])",
    "[data-inspector] [role=tab][aria-selected=true]",
  );
}

function openDock(view: Editor["view"], tab: DockTab): void {
  flushSync(() => view.getState().openDock(tab));
  focusFirst("[data-dock] [role=tab][aria-selected=true]");
}

/** Close what lies below; the keyboard goes to the canvas if it was there. */
function closeDock({ view, actions }: Editor): void {
  const isThere = document.activeElement?.closest("[data-dock]") != null;
  view.setState({ isDockOpen: false });
  if (isThere) actions.focusCanvas();
}

/** Focus what the first selector that finds anything finds: at once, for the next key may be typed before a frame. */
function focusFirst(...selectors: readonly string[]): void {
  const found = selectors.map((selector) => document.querySelector<HTMLElement>(selector));
  found.find((element) => element !== null)?.focus();
}

/** Whether palette and properties are drawers; the same width as in `StudioPage.module.css`. */
function isNarrow(): boolean {
  return window.matchMedia("(max-width: 62.5rem)").matches;
}

function cancel({ view, actions }: Editor): void {
  if (view.getState().connectFrom !== null) actions.cancelConnecting();
  else if (isNarrow() && view.getState().drawer !== null) view.setState({ drawer: null });
  else view.setState({ selection: [], selectedEdges: [] });
}

export const COMMANDS: readonly EditorCommand[] = [
  {
    id: "train",
    group: "train",
    keys: ["Mod+Enter"],
    scope: "everywhere",
    run: ({ training }) => void training.train(),
  },
  { id: "save", group: "train", keys: ["Mod+S"], scope: "everywhere", run: ({ saver }) => void saver.save() },
  {
    id: "commands",
    group: "view",
    keys: ["Mod+K"],
    scope: "everywhere",
    isKeyOnly: true,
    run: ({ view }) => view.setState({ dialog: "commands" }),
  },
  {
    id: "shortcuts",
    group: "view",
    keys: ["?"],
    scope: "studio",
    run: ({ view }) => view.setState({ dialog: "shortcuts" }),
  },
  {
    id: "palette",
    group: "edit",
    keys: ["/"],
    scope: "studio",
    run: ({ view }) => {
      flushSync(() => view.setState({ drawer: "layers" }));
      focusFirst(`#${PALETTE_SEARCH_ID}`);
    },
  },
  {
    id: "addAfter",
    group: "edit",
    keys: ["A"],
    scope: "studio",
    run: (editor) => openLayerMenu(editor, "after"),
  },
  {
    id: "addBefore",
    group: "edit",
    keys: ["I"],
    scope: "studio",
    run: (editor) => openLayerMenu(editor, "before"),
  },
  {
    id: "connect",
    group: "edit",
    keys: ["C"],
    scope: "studio",
    run: ({ actions }) => actions.startConnecting(),
  },
  { id: "confirm", group: "edit", keys: ["Enter"], scope: "canvas", isKeyOnly: true, run: confirm },
  { id: "cancel", group: "edit", keys: ["Escape"], scope: "canvas", isKeyOnly: true, run: cancel },
  {
    id: "delete",
    group: "edit",
    keys: ["Delete", "Backspace"],
    scope: "studio",
    run: ({ actions }) => actions.deleteSelection(),
  },
  { id: "undo", group: "edit", keys: ["Mod+Z"], scope: "studio", run: ({ actions }) => actions.undo() },
  {
    id: "redo",
    group: "edit",
    keys: ["Mod+Shift+Z", "Mod+Y"],
    scope: "studio",
    run: ({ actions }) => actions.redo(),
  },
  {
    id: "copy",
    group: "edit",
    keys: ["Mod+C"],
    scope: "studio",
    isClipboard: true,
    run: (editor) => void copySelection(editor),
  },
  {
    id: "cut",
    group: "edit",
    keys: ["Mod+X"],
    scope: "studio",
    isClipboard: true,
    run: (editor) => void copySelection(editor).then(editor.actions.deleteSelection),
  },
  {
    id: "paste",
    group: "edit",
    keys: ["Mod+V"],
    scope: "studio",
    isClipboard: true,
    run: (editor) => void pasteClipboard(editor),
  },
  {
    id: "duplicate",
    group: "edit",
    keys: ["Mod+D"],
    scope: "studio",
    run: ({ actions }) => actions.duplicate(),
  },
  {
    id: "selectAll",
    group: "edit",
    keys: ["Mod+A"],
    scope: "studio",
    run: ({ actions }) => actions.selectAll(),
  },
  walk("up", "ArrowUp"),
  walk("down", "ArrowDown"),
  walk("left", "ArrowLeft"),
  walk("right", "ArrowRight"),
  nudge("nudgeUp", "Shift+ArrowUp", 0, -1),
  nudge("nudgeDown", "Shift+ArrowDown", 0, 1),
  nudge("nudgeLeft", "Shift+ArrowLeft", -1, 0),
  nudge("nudgeRight", "Shift+ArrowRight", 1, 0),
  { id: "fit", group: "canvas", keys: ["F"], scope: "canvas", run: ({ canvas }) => canvas.current?.fit() },
  {
    id: "arrange",
    group: "canvas",
    keys: ["L"],
    scope: "canvas",
    run: ({ canvas }) => canvas.current?.arrange(),
  },
  {
    id: "minimap",
    group: "canvas",
    keys: ["M"],
    scope: "canvas",
    run: ({ view }) => view.setState((state) => ({ isMinimapOpen: !state.isMinimapOpen })),
  },
  {
    id: "outline",
    group: "canvas",
    keys: ["O"],
    scope: "canvas",
    run: ({ view }) => view.setState((state) => ({ isOutlineOpen: !state.isOutlineOpen })),
  },
  {
    id: "zoomIn",
    group: "canvas",
    keys: ["+", "="],
    scope: "canvas",
    run: ({ canvas }) => canvas.current?.zoom(1.25),
  },
  {
    id: "zoomOut",
    group: "canvas",
    keys: ["-"],
    scope: "canvas",
    run: ({ canvas }) => canvas.current?.zoom(0.8),
  },
  {
    id: "showProblems",
    group: "view",
    keys: [],
    scope: "studio",
    run: ({ view }) => openDock(view, "problems"),
  },
  {
    id: "showCurves",
    group: "view",
    keys: [],
    scope: "studio",
    run: ({ view }) => openDock(view, "curves"),
  },
  {
    id: "showLog",
    group: "view",
    keys: [],
    scope: "studio",
    run: ({ view }) => openDock(view, "log"),
  },
  {
    id: "closeDock",
    group: "view",
    keys: [],
    scope: "studio",
    run: closeDock,
  },
  {
    id: "showLayers",
    group: "view",
    keys: ["["],
    scope: "studio",
    run: ({ view }) => view.getState().toggleDrawer("layers"),
  },
  {
    id: "showProperties",
    group: "view",
    keys: ["]"],
    scope: "studio",
    run: ({ view }) => view.getState().toggleDrawer("properties"),
  },
  {
    id: "showTraining",
    group: "view",
    keys: [],
    scope: "studio",
    run: ({ view }) => openProperties(view, "training"),
  },
  {
    id: "showCode",
    group: "view",
    keys: [],
    scope: "studio",
    run: ({ view }) => openProperties(view, "code"),
  },
];
