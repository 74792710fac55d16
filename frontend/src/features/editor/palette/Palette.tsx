import { type KeyboardEvent, memo, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { localize } from "@/api/text";
import type { LayerType } from "../catalogue";
import { useEditor, useView } from "../EditorContext";
import { SearchControl } from "../form/controls";
import classes from "./Palette.module.css";
import { PaletteItem } from "./PaletteItem";
import { PALETTE_SEARCH_ID } from "./searchField";
import { searchLayers } from "./searchLayers";

/** All layers. A press adds after the selection; a drag places on the canvas. */
export const Palette = memo(function Palette() {
  const { t } = useTranslation("editor");
  const { catalogue, actions } = useEditor();
  const [query, setQuery] = useState("");
  const found = useMemo(() => searchLayers(catalogue.layers, query), [catalogue, query]);

  const onSearchKey = (event: KeyboardEvent<HTMLInputElement>) => {
    const first = found[0];
    if (event.key === "Enter" && first && query.trim() !== "" && !event.nativeEvent.isComposing) {
      actions.addAfterSelection(first.entry.name);
    } else if (event.key === "Escape") {
      if (query === "") event.currentTarget.blur();
      setQuery("");
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      focusItem(event.currentTarget.closest("aside"), 0);
    }
  };
  return (
    <aside className={classes.palette} aria-label={t("palette.label")} data-canvas-keys data-side="layers">
      <div className={classes.search}>
        <SearchControl
          id={PALETTE_SEARCH_ID}
          type="search"
          aria-label={t("palette.search")}
          placeholder={t("palette.searchHint")}
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
          onKeyDown={onSearchKey}
        />
      </div>
      <PaletteList query={query} found={found} />
      <p className={classes.hint}>{t("palette.hint")}</p>
    </aside>
  );
});

function PaletteList({ query, found }: { query: string; found: readonly LayerType[] }) {
  const { t, i18n } = useTranslation("editor");
  const { catalogue } = useEditor();
  const recentTypes = useView((state) => state.recentTypes);
  const recent = recentTypes.flatMap((type) => catalogue.layer(type) ?? []);

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const items = itemsIn(event.currentTarget);
    const here = items.findIndex((item) => item.contains(event.target instanceof Node ? event.target : null));
    if (here < 0) return;
    event.preventDefault();
    focusItem(event.currentTarget, here + (event.key === "ArrowDown" ? 1 : -1));
  };
  if (found.length === 0) {
    return <p className={classes.nothing}>{t("palette.nothing", { query: query.trim() })}</p>;
  }
  const groups = catalogue.groups
    .map((group) => ({ ...group, layers: found.filter((layer) => layer.entry.group === group.id) }))
    .filter((group) => group.layers.length > 0);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move between the buttons inside
    <div className={classes.list} onKeyDown={onKeyDown}>
      {query.trim() !== "" ? (
        <Section title={t("palette.found", { count: found.length })} layers={found} />
      ) : (
        <>
          {recent.length > 0 && <Section title={t("palette.recent")} layers={recent} />}
          {groups.map((group) => (
            <Section key={group.id} title={localize(group.label, i18n.language)} layers={group.layers} />
          ))}
        </>
      )}
    </div>
  );
}

function Section({ title, layers }: { title: string; layers: readonly LayerType[] }) {
  return (
    <section className={classes.section}>
      <h2 className={classes.title}>{title}</h2>
      <ul className={classes.items}>
        {layers.map((layer, index) => (
          <li key={layer.entry.name}>
            <PaletteItem layer={layer} isTabStop={index === 0} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function itemsIn(list: Element): HTMLButtonElement[] {
  return [...list.querySelectorAll<HTMLButtonElement>("button[data-layer]")];
}

function focusItem(list: Element | null, index: number): void {
  if (index < 0) document.getElementById(PALETTE_SEARCH_ID)?.focus();
  else if (list) itemsIn(list)[index]?.focus();
}
