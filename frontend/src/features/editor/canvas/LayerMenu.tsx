import { FocusTrap } from "@mantine/core";
import { useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { localize } from "@/api/text";
import { fittingFirst } from "../catalogue";
import { useEditor, useNode, useNodeReport, useView } from "../EditorContext";
import { type Pick, PickList } from "../keyboard/PickList";
import classes from "../keyboard/PickList.module.css";
import { searchLayers } from "../palette/searchLayers";
import type { LayerMenu as Menu } from "../state/viewStore";

const [WIDTH, HEIGHT, MARGIN] = [320, 400, 12];

/** Layers to choose from, where one is to be added. */
export function LayerMenu() {
  const menu = useView((view) => view.layerMenu);
  return menu && <OpenMenu menu={menu} />;
}

function OpenMenu({ menu }: { menu: Menu }) {
  const { t, i18n } = useTranslation("editor");
  const { view, catalogue, actions } = useEditor();
  const { purpose, place } = menu;
  const frame = useRef<HTMLDivElement>(null);
  const beforeType = useNode(purpose.kind === "before" ? purpose.node : "")?.type ?? "";

  const isBehind = purpose.kind === "branch" || purpose.kind === "after";
  const source = useNodeReport(isBehind ? purpose.node : "");
  const isFirstOutput = purpose.kind !== "branch" || purpose.output === 0;
  const rank = isFirstOutput ? source?.output_shape?.length : undefined;
  const layers = useMemo(() => {
    const possible = catalogue.layers.filter((layer) => !isBehind || layer.inputs.max !== 0);
    return fittingFirst(possible, rank);
  }, [catalogue, isBehind, rank]);
  const isImpossible = purpose.kind === "before" && catalogue.inputsOf(beforeType).max === 0;

  const close = () => view.setState({ layerMenu: null });
  useEffect(() => {
    const onPointerDown = (event: PointerEvent) => {
      if (event.target instanceof Node && !frame.current?.contains(event.target))
        view.setState({ layerMenu: null });
    };
    document.addEventListener("pointerdown", onPointerDown, true);
    return () => document.removeEventListener("pointerdown", onPointerDown, true);
  }, [view]);

  const find = (query: string): Pick[] =>
    isImpossible
      ? []
      : searchLayers(layers, query).map((layer) => ({
          key: layer.entry.name,
          label: layer.entry.name,
          about: localize(layer.entry.summary, i18n.language),
          colour: layer.colour,
        }));

  const add = (type: string) => {
    switch (purpose.kind) {
      case "first":
        return actions.addAfterSelection(type);
      case "after":
        return actions.addAfter(type, purpose.node);
      case "before":
        return actions.addBefore(type, purpose.node);
      case "branch":
        return actions.addBranch(type, purpose.node, purpose.output, place);
      case "feed":
        return actions.addFeeding(type, { target: purpose.target, port: purpose.port }, place);
    }
  };
  const pick = (type: string) => {
    close();
    const id = add(type);
    if (id !== null) view.getState().show(id, { focus: true });
  };
  const left = Math.max(MARGIN, Math.min(menu.at.x, window.innerWidth - WIDTH - MARGIN));
  const top = Math.max(MARGIN, Math.min(menu.at.y, window.innerHeight - HEIGHT - MARGIN));
  const node = "node" in purpose ? purpose.node : "target" in purpose ? purpose.target : "";
  const title = t(`layerMenu.${purpose.kind}`, { id: node });
  return (
    <FocusTrap>
      <div
        ref={frame}
        className={classes.menu}
        style={{ left, top }}
        role="dialog"
        aria-label={title}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          close();
          if (node) view.getState().show(node, { focus: true });
        }}
      >
        <p className={classes.menuTitle}>{title}</p>
        <PickList
          label={title}
          placeholder={t("palette.searchHint")}
          nothing={isImpossible ? t("layerMenu.impossible", { id: node }) : t("layerMenu.nothing")}
          find={find}
          onPick={pick}
        />
      </div>
    </FocusTrap>
  );
}
