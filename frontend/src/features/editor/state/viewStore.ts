/** What is selected and open. None of it is part of the document or of undo. */

import { createStore, type StoreApi } from "zustand/vanilla";
import type { Refusal } from "@/graph/commands";
import type { InputPort } from "@/graph/topology";
import type texts from "../locales/en.json";

export type InspectorTab = "layer" | "model" | "data" | "training" | "code";
export type DockTab = "curves" | "problems" | "log";
/** What lies over the canvas in a narrow window. */
export type Drawer = "layers" | "properties";
export type Dialog = "commands" | "shortcuts";

/** The list of layers that offers itself where something is to be added. */
export interface LayerMenu {
  readonly purpose: /** Into an empty graph. */
    | { readonly kind: "first" }
    | { readonly kind: "after"; readonly node: string }
    | { readonly kind: "before"; readonly node: string }
    /** A link that was let go over empty canvas. */
    | { readonly kind: "branch"; readonly node: string; readonly output: number }
    | { readonly kind: "feed"; readonly target: string; readonly port: number };
  /** Where on the screen. */
  readonly at: { readonly x: number; readonly y: number };
  /** Where on the canvas the new node goes; null: where there is room. */
  readonly place: { readonly x: number; readonly y: number } | null;
}

/** What is said to those who do not see the canvas; words under `announce` in the texts. */
export type AnnouncementKey = WithoutPlural<keyof typeof texts.announce>;
type WithoutPlural<Key extends string> = Key extends `${infer Base}_${"one" | "other"}` ? Base : Key;

/** A link that cannot be made. */
export interface RefusedLink {
  readonly reason: Refusal;
  readonly source: string;
  readonly target: string;
}

export interface Announcement {
  readonly key: AnnouncementKey | null;
  readonly values: Readonly<Record<string, string | number>>;
  /** Grows with each announcement, so that the same words are read again. */
  readonly count: number;
}

export interface ViewState {
  readonly selection: readonly string[];
  readonly selectedEdges: readonly InputPort[];
  /** The node that keyboard focus rests on in the canvas. */
  readonly current: string | null;
  /** Source of the link being made by keyboard. */
  readonly connectFrom: string | null;
  /** While a link is being made: nodes that cannot be its other end, and why. */
  readonly refused: ReadonlyMap<string, RefusedLink>;
  readonly inspectorTab: InspectorTab;
  readonly dockTab: DockTab;
  readonly isDockOpen: boolean;
  readonly isMinimapOpen: boolean;
  readonly isOutlineOpen: boolean;
  /** Matters only where the window has no room for both sides. */
  readonly drawer: Drawer | null;
  readonly dialog: Dialog | null;
  readonly layerMenu: LayerMenu | null;
  /** Edge that would take what is being dragged, if it were let go now; its id. */
  readonly edgeUnderDrag: string | null;
  readonly recentTypes: readonly string[];
  /** A node to bring into view, and to give the keyboard to if asked; counted, so that the same can be asked again. */
  readonly reveal: { readonly id: string; readonly focus: boolean; readonly count: number };
  readonly announcement: Announcement;
  select(ids: readonly string[], options?: { keepTab?: boolean }): void;
  selectEdges(edges: readonly InputPort[]): void;
  announce(key: AnnouncementKey, values?: Record<string, string | number>): void;
  openDock(tab: DockTab): void;
  toggleDrawer(drawer: Drawer): void;
  noteUse(type: string): void;
  show(id: string, options?: { focus?: boolean }): void;
}

export type ViewStore = StoreApi<ViewState>;

const RECENT_TYPES = 5;
export const NONE_REFUSED: ReadonlyMap<string, RefusedLink> = new Map();

function same<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

export function createViewStore(): ViewStore {
  return createStore((set, get) => ({
    selection: [],
    selectedEdges: [],
    current: null,
    connectFrom: null,
    refused: NONE_REFUSED,
    inspectorTab: "layer",
    dockTab: "problems",
    isDockOpen: false,
    isMinimapOpen: false,
    isOutlineOpen: false,
    drawer: null,
    dialog: null,
    layerMenu: null,
    edgeUnderDrag: null,
    recentTypes: [],
    reveal: { id: "", focus: false, count: 0 },
    announcement: { key: null, values: {}, count: 0 },
    select(ids, { keepTab = false } = {}) {
      const state = get();
      const isSame = same(state.selection, ids) && state.selectedEdges.length === 0;
      set({
        ...(isSame ? {} : { selection: ids, selectedEdges: [] }),
        ...(ids.length > 0 ? { current: ids.at(-1) ?? null } : {}),
        ...(ids.length > 0 && !keepTab ? { inspectorTab: "layer" as const } : {}),
      });
    },
    selectEdges(edges) {
      set({ selectedEdges: edges, selection: [] });
    },
    announce(key, values = {}) {
      set((state) => ({ announcement: { key, values, count: state.announcement.count + 1 } }));
    },
    openDock(tab) {
      set({ isDockOpen: true, dockTab: tab });
    },
    toggleDrawer(drawer) {
      set((state) => ({ drawer: state.drawer === drawer ? null : drawer }));
    },
    show(id, { focus = false } = {}) {
      set((state) => ({ reveal: { id, focus, count: state.reveal.count + 1 } }));
    },
    noteUse(type) {
      set((state) => ({
        recentTypes: [type, ...state.recentTypes.filter((known) => known !== type)].slice(0, RECENT_TYPES),
      }));
    },
  }));
}
