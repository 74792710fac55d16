import type { ReactNode } from "react";
import classes from "./Page.module.css";
import { useTabTitle } from "./useTabTitle";

interface PageProps {
  title: string;
  /** What the tab is called instead. */
  tabTitle?: string;
  /** A sentence under the title. */
  lead?: ReactNode;
  /** Stands before the title: where one came from. */
  before?: ReactNode;
  /** Beside the title: state, badges. */
  beside?: ReactNode;
  /** The page's commands, at the right. */
  actions?: ReactNode;
  children: ReactNode;
}

/** The frame of every page but the Studio: heading, commands, a scrolling body of one width. */
export function Page({ title, tabTitle, lead, before, beside, actions, children }: PageProps) {
  useTabTitle(tabTitle ?? title);
  return (
    <div className={classes.page}>
      <header className={classes.header}>
        <div className={classes.heading}>
          {before}
          <div className={classes.titleRow}>
            <h1 className={classes.title}>{title}</h1>
            {beside}
          </div>
          {lead && <p className={classes.lead}>{lead}</p>}
        </div>
        {actions && <div className={classes.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}
