import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { SearchControl } from "../form/controls";
import classes from "./PickList.module.css";

export interface Pick {
  readonly key: string;
  readonly label: string;
  readonly about?: string;
  readonly colour?: string;
  readonly end?: ReactNode;
}

interface PickListProps {
  label: string;
  placeholder: string;
  nothing: string;
  /** What answers a query, the best first. */
  find: (query: string) => readonly Pick[];
  onPick: (key: string) => void;
}

/** A search field over a list: type, choose with the arrows, Enter takes. */
export function PickList({ label, placeholder, nothing, find, onPick }: PickListProps) {
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const listId = useId();
  const list = useRef<HTMLDivElement>(null);
  const found = find(query);
  const index = Math.min(active, Math.max(0, found.length - 1));
  const optionId = (at: number) => `${listId}-${at}`;

  useEffect(() => {
    list.current?.querySelectorAll("[role=option]")[index]?.scrollIntoView({ block: "nearest" });
  }, [index]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      setActive((index + step + found.length) % found.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const chosen = found[index];
      if (chosen) onPick(chosen.key);
    }
  };
  return (
    <div className={classes.frame}>
      <div className={classes.search}>
        <SearchControl
          data-autofocus
          autoFocus
          role="combobox"
          aria-label={label}
          aria-expanded
          aria-controls={listId}
          aria-activedescendant={found.length > 0 ? optionId(index) : undefined}
          aria-autocomplete="list"
          placeholder={placeholder}
          value={query}
          onChange={(event) => {
            setQuery(event.currentTarget.value);
            setActive(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div ref={list} id={listId} role="listbox" aria-label={label} className={classes.list}>
        {found.map((pick, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the search field's
          // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the search field
          <div
            key={pick.key}
            id={optionId(at)}
            role="option"
            aria-selected={at === index}
            className={classes.option}
            style={{ "--pick-colour": pick.colour ?? "transparent" }}
            onPointerMove={() => setActive(at)}
            onClick={() => onPick(pick.key)}
          >
            <span className={classes.label}>{pick.label}</span>
            {pick.about && <span className={classes.about}>{pick.about}</span>}
            {pick.end}
          </div>
        ))}
      </div>
      {found.length === 0 && <p className={classes.nothing}>{nothing}</p>}
    </div>
  );
}
