import { Tooltip } from "@mantine/core";
import { memo } from "react";
import { createPortal } from "react-dom";
import { useTranslation } from "react-i18next";
import { localize } from "@/api/text";
import type { LayerType } from "../catalogue";
import { useEditor } from "../EditorContext";
import classes from "./Palette.module.css";
import { usePaletteDrag } from "./usePaletteDrag";

interface PaletteItemProps {
  layer: LayerType;
  /** Tab goes from section to section, the arrow keys from layer to layer: there are more than a hundred. */
  isTabStop: boolean;
}

export const PaletteItem = memo(function PaletteItem({ layer, isTabStop }: PaletteItemProps) {
  const { i18n } = useTranslation();
  const { actions } = useEditor();
  const type = layer.entry.name;
  const drag = usePaletteDrag(type);
  const style = { "--layer-colour": layer.colour };
  return (
    <>
      <Tooltip
        label={localize(layer.entry.summary, i18n.language)}
        position="right"
        multiline
        maw={260}
        disabled={drag.at !== null}
      >
        <button
          type="button"
          tabIndex={isTabStop ? 0 : -1}
          className={classes.item}
          data-layer={type}
          style={style}
          onPointerDown={drag.onPointerDown}
          onClick={() => drag.wasClick() && actions.addAfterSelection(type)}
        >
          {type}
        </button>
      </Tooltip>
      {drag.at &&
        createPortal(
          <div className={classes.ghost} style={{ ...style, left: drag.at.x, top: drag.at.y }}>
            {type}
          </div>,
          document.body,
        )}
    </>
  );
});
