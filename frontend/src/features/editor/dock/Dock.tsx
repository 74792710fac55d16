import { ActionIcon, Tabs } from "@mantine/core";
import { memo, type PointerEvent, type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ChevronDownIcon } from "@/ui/icons";
import { useCheck, useEditor, useView } from "../EditorContext";
import { ProblemsPanel } from "../problems/ProblemsPanel";
import { type CheckState, problemsOf } from "../state/checking";
import type { DockTab } from "../state/viewStore";
import type { Severity } from "../wire";
import classes from "./Dock.module.css";
import { RunNotice } from "./RunNotice";

const TABS = ["curves", "problems", "log"] as const satisfies readonly DockTab[];
const [LOWEST, HIGHEST, STEP] = [140, 640, 24];

interface DockProps {
  curves: ReactNode;
  log: ReactNode;
}

/** What happens: the curves of the run, the problems of the graph, the run's log. */
export const Dock = memo(function Dock({ curves, log }: DockProps) {
  const { t } = useTranslation("editor");
  const { view } = useEditor();
  const isOpen = useView((state) => state.isDockOpen);
  const tab = useView((state) => state.dockTab);
  const [height, setHeight] = useState(348);
  if (!isOpen) return null;
  const choose = (value: string | null) => {
    const chosen = TABS.find((known) => known === value);
    if (chosen) view.setState({ dockTab: chosen });
  };
  return (
    <section className={classes.dock} style={{ height }} aria-label={t("dock.label")} data-dock>
      <Divider height={height} onResize={(next) => setHeight(Math.min(HIGHEST, Math.max(LOWEST, next)))} />
      <ActionIcon
        className={classes.close ?? ""}
        aria-label={t("dock.close")}
        onClick={() => view.setState({ isDockOpen: false })}
      >
        <ChevronDownIcon />
      </ActionIcon>
      <Tabs value={tab} onChange={choose} keepMounted={false} className={classes.tabs ?? ""}>
        <Tabs.List className={classes.tabList ?? ""}>
          {TABS.map((name) => (
            <Tabs.Tab key={name} value={name} className={classes.tab ?? ""}>
              {t(`dock.${name}`)}
              {name === "problems" && <ProblemCount />}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <RunNotice />
        <Tabs.Panel value="curves" className={`${classes.panel} ${classes.padded}`}>
          {curves}
        </Tabs.Panel>
        <Tabs.Panel value="problems" className={classes.panel ?? ""}>
          <ProblemsPanel />
        </Tabs.Panel>
        <Tabs.Panel value="log" className={classes.panel ?? ""}>
          {log}
        </Tabs.Panel>
      </Tabs>
    </section>
  );
});

/** How many there are, in the colour of the worst. */
function ProblemCount() {
  const count = (severity: Severity) => (check: CheckState) =>
    problemsOf(check)?.filter((problem) => problem.severity === severity).length ?? 0;
  const errors = useCheck(count("error"));
  const warnings = useCheck(count("warning"));
  if (errors + warnings === 0) return null;
  return (
    <span className={classes.count} data-severity={errors > 0 ? "error" : "warning"}>
      {errors + warnings}
    </span>
  );
}

function Divider({ height, onResize }: { height: number; onResize: (height: number) => void }) {
  const { t } = useTranslation("editor");
  const start = useRef<{ y: number; height: number } | null>(null);
  const onPointerMove = (event: PointerEvent) => {
    if (start.current) onResize(start.current.height + start.current.y - event.clientY);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule cannot be moved
    <div
      className={classes.divider}
      role="separator"
      aria-orientation="horizontal"
      aria-label={t("dock.resize")}
      aria-valuenow={height}
      aria-valuemin={LOWEST}
      aria-valuemax={HIGHEST}
      tabIndex={0}
      onPointerDown={(event) => {
        start.current = { y: event.clientY, height };
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        start.current = null;
      }}
      onKeyDown={(event) => {
        if (event.key === "ArrowUp") onResize(height + STEP);
        if (event.key === "ArrowDown") onResize(height - STEP);
      }}
    />
  );
}
