/** The plain input and select of the forms. Label, help and error stand around them, in `FieldFrame`. */

import type { ComponentProps } from "react";
import { ChevronDownIcon, SearchIcon } from "@/ui/icons";
import type { FieldIds } from "./FieldFrame";
import classes from "./form.module.css";

export function TextControl({ className, ...props }: ComponentProps<"input">) {
  return (
    <input autoComplete="off" {...props} className={[classes.control, className].filter(Boolean).join(" ")} />
  );
}

export function SearchControl(props: ComponentProps<"input">) {
  return (
    <span className={classes.search}>
      <span className={classes.searchIcon}>
        <SearchIcon size={14} />
      </span>
      <TextControl {...props} />
    </span>
  );
}

export function SelectControl(props: ComponentProps<"select">) {
  return (
    <span className={classes.select}>
      <select {...props} className={classes.control} />
      <span className={classes.chevron}>
        <ChevronDownIcon size={13} />
      </span>
    </span>
  );
}

/** What ties a control to its frame. */
export function tied(ids: FieldIds) {
  return { id: ids.id, "aria-describedby": ids.describedBy, "aria-invalid": ids.isInvalid || undefined };
}
