import { Link, type LinkProps } from "@tanstack/react-router";
import {
  type CSSProperties,
  createContext,
  type KeyboardEvent,
  type ReactNode,
  type SyntheticEvent,
  useContext,
  useId,
  useRef,
  useState,
} from "react";
import classes from "./ActionMenu.module.css";
import { MoreIcon } from "./icons";

interface ActionMenuProps {
  /** Names the button that opens it. */
  label: string;
  /** `MenuItem`s and `MenuLink`s. */
  children: ReactNode;
}

const CloseMenu = createContext<() => void>(() => undefined);
const GAP_PX = 4;

/**
 * A "more" button with its menu, for what one seldom does.
 *
 * The browser's popover lifts it above everything and closes it on Escape or a press beside it; arrows walk the items.
 */
export function ActionMenu({ label, children }: ActionMenuProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<Place | null>(null);

  const onToggle = (event: SyntheticEvent<HTMLDivElement> & { newState: string }) => {
    if (event.newState === "open") items(menu.current)[0]?.focus();
    else setPlace(null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next = neighbour(items(menu.current), event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={classes.button}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={place !== null}
        popoverTarget={id}
      >
        <MoreIcon />
      </button>
      <div
        ref={menu}
        id={id}
        popover="auto"
        role="menu"
        aria-label={label}
        tabIndex={-1}
        className={classes.menu}
        style={place ?? {}}
        onBeforeToggle={(event) => {
          if (event.newState === "open") setPlace(placeOf(button.current));
        }}
        onToggle={onToggle}
        onKeyDown={onKeyDown}
      >
        <CloseMenu value={() => menu.current?.hidePopover()}>{place && children}</CloseMenu>
      </div>
    </>
  );
}

interface Place extends CSSProperties {
  right: number;
  top?: number;
  bottom?: number;
}

/** Under the button, or above it in the lower half of the window. */
function placeOf(button: HTMLElement | null): Place {
  const box = button?.getBoundingClientRect() ?? new DOMRect();
  const right = Math.max(GAP_PX, document.documentElement.clientWidth - box.right);
  return box.top > innerHeight / 2
    ? { right, bottom: innerHeight - box.top + GAP_PX }
    : { right, top: box.bottom + GAP_PX };
}

function items(menu: HTMLElement | null): HTMLElement[] {
  return menu ? [...menu.querySelectorAll<HTMLElement>('[role="menuitem"]:not(:disabled)')] : [];
}

function neighbour(all: readonly HTMLElement[], key: string): HTMLElement | undefined {
  const at = all.indexOf(document.activeElement as HTMLElement);
  switch (key) {
    case "ArrowDown":
      return all[(at + 1) % all.length];
    case "ArrowUp":
      return all[(at - 1 + all.length) % all.length];
    case "Home":
      return all[0];
    case "End":
      return all.at(-1);
    default:
      return undefined;
  }
}

interface MenuItemProps {
  icon: ReactNode;
  children: ReactNode;
  onClick: () => void;
  disabled?: boolean;
  isDangerous?: boolean;
}

export function MenuItem({ icon, children, onClick, disabled = false, isDangerous = false }: MenuItemProps) {
  const close = useContext(CloseMenu);
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      className={classes.item}
      data-dangerous={isDangerous || undefined}
      disabled={disabled}
      onClick={() => {
        close();
        onClick();
      }}
    >
      {icon}
      {children}
    </button>
  );
}

interface MenuLinkProps {
  icon: ReactNode;
  children: ReactNode;
  to: LinkProps["to"];
  params: LinkProps["params"];
}

export function MenuLink({ icon, children, to, params }: MenuLinkProps) {
  const close = useContext(CloseMenu);
  return (
    <Link
      role="menuitem"
      tabIndex={-1}
      className={classes.item}
      {...({ to, params } as LinkProps)}
      onClick={close}
    >
      {icon}
      {children}
    </Link>
  );
}
