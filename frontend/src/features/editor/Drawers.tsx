import type { ReactNode } from "react";
import { useView } from "./EditorContext";
import classes from "./StudioPage.module.css";

/** The parts beside the canvas. In a narrow window palette and properties lie over it, and only when asked for. */
export function Drawers({ children }: { children: ReactNode }) {
  const drawer = useView((view) => view.drawer);
  return (
    <div className={classes.middle} data-drawer={drawer ?? undefined}>
      {children}
    </div>
  );
}
