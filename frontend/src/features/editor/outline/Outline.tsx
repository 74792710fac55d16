import { ActionIcon } from "@mantine/core";
import { type KeyboardEvent, memo, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ChevronDownIcon, ChevronRightIcon, CloseIcon } from "@/ui/icons";
import { useCheck, useEditor, useGraph, useView } from "../EditorContext";
import { formatShape } from "../format";
import classes from "./Outline.module.css";
import { type OutlineRow, outlineRows } from "./outlineRows";

/** The graph as a tree for keyboard and screen reader, on the canvas' own commands and selection. */
export const Outline = memo(function Outline() {
  const { t } = useTranslation("editor");
  const { view } = useEditor();
  const isOpen = useView((state) => state.isOutlineOpen);
  if (!isOpen) return null;
  return (
    <section className={classes.outline} aria-label={t("outline.label")} data-canvas-keys>
      <header className={classes.head}>
        <h2 className={classes.title}>{t("outline.label")}</h2>
        <ActionIcon aria-label={t("outline.close")} onClick={() => view.setState({ isOutlineOpen: false })}>
          <CloseIcon size={14} />
        </ActionIcon>
      </header>
      <Tree />
    </section>
  );
});

function Tree() {
  const { t } = useTranslation("editor");
  const { view } = useEditor();
  const graph = useGraph((now) => now);
  const current = useView((state) => state.current);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = useState<string | null>(current);
  const tree = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => outlineRows(graph, open), [graph, open]);
  const at = Math.max(
    0,
    rows.findIndex((row) => row.key === focused),
  );
  const stop = rows[at];

  useEffect(() => {
    tree.current?.querySelector<HTMLElement>("[tabindex='0']")?.focus();
  }, []);

  const go = (row: OutlineRow | undefined) => {
    if (!row) return;
    setFocused(row.key);
    tree.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(row.key)}"]`)?.focus();
    if (view.getState().connectFrom === null) view.getState().select([row.id], { keepTab: true });
    else view.setState({ current: row.id });
  };
  const setIsOpen = (id: string, isOpen: boolean) => {
    const next = new Set(open);
    if (isOpen) next.add(id);
    else next.delete(id);
    setOpen(next);
  };
  const follow = (row: OutlineRow) => go(rows.find((other) => other.kind === "layer" && other.id === row.id));

  const onKeyDown = (event: KeyboardEvent) => {
    if (!stop || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const moves: Record<string, () => void> = {
      ArrowDown: () => go(rows[at + 1]),
      ArrowUp: () => go(rows[at - 1]),
      Home: () => go(rows[0]),
      End: () => go(rows.at(-1)),
      ArrowRight: () => stop.kind === "layer" && (stop.isOpen ? go(rows[at + 1]) : setIsOpen(stop.id, true)),
      ArrowLeft: () =>
        stop.kind === "layer" ? setIsOpen(stop.id, false) : go(rows.find((row) => row.key === stop.parent)),
    };
    const move =
      moves[event.key] ?? (event.key === "Enter" && stop.kind !== "layer" ? () => follow(stop) : undefined);
    if (!move) return;
    event.preventDefault();
    move();
  };
  if (rows.length === 0) return <p className={classes.empty}>{t("empty.title")}</p>;
  return (
    <div
      ref={tree}
      role="tree"
      aria-label={t("outline.label")}
      className={classes.tree}
      onKeyDown={onKeyDown}
    >
      {rows.map((row, index) => (
        <Row
          key={row.key}
          row={row}
          isStop={index === at}
          onFocus={() => setFocused(row.key)}
          onClick={() => {
            if (row.kind === "layer") go(row);
            else follow(row);
          }}
          onToggle={() => row.kind === "layer" && setIsOpen(row.id, !row.isOpen)}
        />
      ))}
    </div>
  );
}

interface RowProps {
  row: OutlineRow;
  isStop: boolean;
  onFocus: () => void;
  onClick: () => void;
  onToggle: () => void;
}

function Row({ row, isStop, onFocus, onClick, onToggle }: RowProps) {
  const { t } = useTranslation("editor");
  const isSelected = useView((state) => row.kind === "layer" && state.selection.includes(row.id));
  const shape = useCheck((check) => formatShape(check.report?.nodes[row.id]?.output_shape));
  const problems = useCheck(
    ({ report }) => report?.problems.filter((problem) => problem.node === row.id).length ?? 0,
  );
  const isLayer = row.kind === "layer";
  const said = problems > 0 ? t("node.problems", { count: problems }) : null;
  const label = isLayer
    ? [t("node.label", { type: row.type, id: row.id }), shape && t("node.gives", { shape }), said]
        .filter(Boolean)
        .join(", ")
    : t(`outline.${row.kind}`, { id: row.id });
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys
    <div
      role="treeitem"
      className={classes.row}
      data-row={row.key}
      data-level={isLayer ? 1 : 2}
      tabIndex={isStop ? 0 : -1}
      aria-label={label}
      aria-level={isLayer ? 1 : 2}
      aria-selected={isSelected}
      aria-expanded={isLayer ? row.isOpen : undefined}
      onFocus={onFocus}
      onClick={onClick}
    >
      {isLayer ? (
        <>
          {/* biome-ignore lint/a11y/useKeyWithClickEvents: left and right arrow do the same */}
          {/* biome-ignore lint/a11y/noStaticElementInteractions: left and right arrow do the same */}
          <span
            className={classes.toggle}
            onClick={(event) => {
              event.stopPropagation();
              onToggle();
            }}
          >
            {row.isOpen ? <ChevronDownIcon size={12} /> : <ChevronRightIcon size={12} />}
          </span>
          <span className={classes.type}>{row.type}</span>
          <span className={classes.id}>{row.id}</span>
          {said && <span className={classes.problems}>{said}</span>}
          <span className={classes.shape}>{shape}</span>
        </>
      ) : (
        <span className={classes.link}>{label}</span>
      )}
    </div>
  );
}
