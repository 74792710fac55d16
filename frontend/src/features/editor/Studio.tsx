import { type ReactNode, useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useStore } from "zustand";
import type { StudioDocument } from "@/graph/document";
import { nodeById } from "@/graph/topology";
import { hasEnded } from "@/ui/runState";
import { showToast } from "@/ui/toastStore";
import { useTabTitle } from "@/ui/useTabTitle";
import { Announcer } from "./Announcer";
import { Canvas } from "./canvas/Canvas";
import { LayerMenu } from "./canvas/LayerMenu";
import { DraftNotice } from "./DraftNotice";
import { Drawers } from "./Drawers";
import { Dock } from "./dock/Dock";
import { EditorProvider, useGraph } from "./EditorContext";
import { Inspector } from "./inspector/Inspector";
import { CommandPalette } from "./keyboard/CommandPalette";
import { ShortcutSheet } from "./keyboard/ShortcutSheet";
import { useShortcuts } from "./keyboard/useShortcuts";
import { Outline } from "./outline/Outline";
import { Palette } from "./palette/Palette";
import { RunProvider } from "./RunContext";
import { StatusBar } from "./StatusBar";
import classes from "./StudioPage.module.css";
import type { createEditor } from "./state/createEditor";
import { currentDocument } from "./state/documentStore";
import { RefusalNotice } from "./topbar/RefusalNotice";
import { TopBar } from "./topbar/TopBar";
import type { StudioRun } from "./wire";

interface StudioProps {
  editor: ReturnType<typeof createEditor>;
  /** What the restored draft was made of, if one was. */
  original: StudioDocument | null;
  layer: string | null;
  run: StudioRun | null;
  onModelCreated: (id: string) => void;
  renderCurves: (run: string | null) => ReactNode;
  renderLog: (run: string | null) => ReactNode;
  serverLost: boolean;
}

/** The parts of the page around one editor. */
export function Studio({
  editor,
  original,
  layer,
  run,
  onModelCreated,
  renderCurves,
  renderLog,
  serverLost,
}: StudioProps) {
  const { t, i18n } = useTranslation("editor");
  const startedRun = useStore(editor.training.store, (state) => state.startedRun);
  const runId = startedRun ?? run?.id ?? null;

  useEffect(() => editor.start(), [editor]);

  useEffect(() => {
    const { graph } = currentDocument(editor.document.getState());
    if (layer === null || !nodeById(graph, layer)) return;
    editor.view.getState().select([layer]);
    editor.view.getState().show(layer);
  }, [editor, layer]);

  useEffect(
    () =>
      editor.saver.store.subscribe(({ model, taken }, before) => {
        if (model && model.id !== before.model?.id) onModelCreated(model.id);
        if (taken !== null && taken !== before.taken)
          showToast("info", t("versions.taken", { version: taken }));
      }),
    [editor, onModelCreated, t],
  );

  // Problems come in the page's language.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the language is what the effect waits for
  useEffect(() => editor.checker.refresh(), [editor, i18n.language]);

  useEffect(() => {
    if (serverLost) return;
    editor.checker.refresh();
    if (editor.saver.store.getState().status === "offline") void editor.saver.save();
  }, [editor, serverLost]);

  useEffect(() => {
    const keep = () => editor.saver.keepDraft();
    const leave = () => {
      const { model, status } = editor.saver.store.getState();
      if (document.visibilityState === "hidden" && model && status === "dirty") void editor.saver.save();
    };
    const comeBack = () => void editor.saver.refresh();
    window.addEventListener("focus", comeBack);
    window.addEventListener("pagehide", keep);
    document.addEventListener("visibilitychange", leave);
    return () => {
      window.removeEventListener("focus", comeBack);
      window.removeEventListener("pagehide", keep);
      document.removeEventListener("visibilitychange", leave);
    };
  }, [editor]);

  const isLive = run !== null && !hasEnded(run.state);
  useEffect(() => {
    if (isLive) editor.view.getState().openDock("curves");
  }, [editor, isLive]);

  const curves = useMemo(() => renderCurves(runId), [renderCurves, runId]);
  const log = useMemo(() => renderLog(runId), [renderLog, runId]);
  return (
    <EditorProvider editor={editor}>
      <RunProvider run={run}>
        <div className={classes.studio}>
          <TopBar />
          <RefusalNotice />
          <DraftNotice original={original} />
          <Drawers>
            <Palette />
            <Outline />
            <div className={classes.centre}>
              <Canvas />
              <Dock curves={curves} log={log} />
            </div>
            <Inspector />
          </Drawers>
          <StatusBar />
        </div>
        <Overlays />
      </RunProvider>
    </EditorProvider>
  );
}

function Overlays() {
  const { t } = useTranslation("editor");
  useTabTitle(useGraph((graph) => graph.name) || t("topbar.unnamed"));
  useShortcuts();
  return (
    <>
      <LayerMenu />
      <CommandPalette />
      <ShortcutSheet />
      <Announcer />
    </>
  );
}
