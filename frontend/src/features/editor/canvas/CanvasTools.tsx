import { ActionIcon, Tooltip } from "@mantine/core";
import { memo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEditor, useView } from "../EditorContext";
import { ArrangeIcon, FitIcon, MapIcon, MinusIcon, OutlineIcon, ZoomInIcon } from "../icons";
import classes from "./Canvas.module.css";

const ZOOM_STEP = 1.25;

export const CanvasTools = memo(function CanvasTools() {
  const { t } = useTranslation("editor");
  const { canvas, view } = useEditor();
  const isMinimapOpen = useView((state) => state.isMinimapOpen);
  const isOutlineOpen = useView((state) => state.isOutlineOpen);
  return (
    <div className={classes.tools} role="toolbar" aria-label={t("canvas.tools")}>
      <Tool label={t("command.zoomOut")} onClick={() => canvas.current?.zoom(1 / ZOOM_STEP)}>
        <MinusIcon />
      </Tool>
      <Tool label={t("command.zoomIn")} onClick={() => canvas.current?.zoom(ZOOM_STEP)}>
        <ZoomInIcon />
      </Tool>
      <Tool label={t("command.fit")} keys="F" onClick={() => canvas.current?.fit()}>
        <FitIcon />
      </Tool>
      <span className={classes.divider} />
      <Tool label={t("command.arrange")} keys="L" onClick={() => canvas.current?.arrange()}>
        <ArrangeIcon />
      </Tool>
      <Tool
        label={t("command.minimap")}
        keys="M"
        pressed={isMinimapOpen}
        onClick={() => view.setState({ isMinimapOpen: !isMinimapOpen })}
      >
        <MapIcon />
      </Tool>
      <Tool
        label={t("command.outline")}
        keys="O"
        pressed={isOutlineOpen}
        onClick={() => view.setState({ isOutlineOpen: !isOutlineOpen })}
      >
        <OutlineIcon />
      </Tool>
    </div>
  );
});

interface ToolProps {
  label: string;
  keys?: string;
  pressed?: boolean;
  onClick: () => void;
  children: ReactNode;
}

function Tool({ label, keys, pressed, onClick, children }: ToolProps) {
  return (
    <Tooltip label={keys ? `${label}  ${keys}` : label} position="top">
      <ActionIcon
        aria-label={label}
        aria-keyshortcuts={keys}
        aria-pressed={pressed}
        variant={pressed ? "light" : "subtle"}
        color={pressed ? "cobalt" : "gray"}
        onClick={onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
