import type { ReactNode } from "react";
import classes from "./notices.module.css";

interface EmptyStateProps {
  icon?: ReactNode;
  title: string;
  /** What will stand here, and what to do for it. */
  children?: ReactNode;
  action?: ReactNode;
}

/** Nothing is here yet: says what will be, and the next step. */
export function EmptyState({ icon, title, children, action }: EmptyStateProps) {
  return (
    <div className={classes.empty}>
      {icon && <div className={classes.emptyIcon}>{icon}</div>}
      <p className={classes.emptyTitle}>{title}</p>
      {children && <div className={classes.emptyText}>{children}</div>}
      {action && <div className={classes.emptyAction}>{action}</div>}
    </div>
  );
}
