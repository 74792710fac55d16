import { ActionIcon } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useEditor, useView } from "../EditorContext";
import { PaletteIcon, PropertiesIcon } from "../icons";
import type { Drawer } from "../state/viewStore";
import classes from "./TopBar.module.css";

/** Opens and closes what a narrow window has no room for; not shown in a wide one. */
export function DrawerButton({ drawer }: { drawer: Drawer }) {
  const { t } = useTranslation("editor");
  const { view } = useEditor();
  const isOpen = useView((state) => state.drawer === drawer);
  const Icon = drawer === "layers" ? PaletteIcon : PropertiesIcon;
  return (
    <ActionIcon
      className={classes.drawer ?? ""}
      aria-label={t(`panels.${drawer}`)}
      title={t(`panels.${drawer}`)}
      aria-expanded={isOpen}
      aria-keyshortcuts={drawer === "layers" ? "[" : "]"}
      variant={isOpen ? "light" : "subtle"}
      color={isOpen ? "cobalt" : "gray"}
      onClick={() => view.getState().toggleDrawer(drawer)}
    >
      <Icon />
    </ActionIcon>
  );
}
