/** Keys as text: `Mod+Shift+Z`. `Mod` is Control, or Command on a Mac. */

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
}

/** What was pressed. Shift is named only with letters and named keys: `?` is `?` on every keyboard. */
export function shortcutOf(press: KeyPress): string {
  const isSign = press.key.length === 1 && !/[a-z]/i.test(press.key);
  const parts = [
    press.ctrlKey || press.metaKey ? "Mod" : "",
    press.altKey ? "Alt" : "",
    press.shiftKey && !isSign ? "Shift" : "",
    press.key.length === 1 ? press.key.toUpperCase() : press.key,
  ];
  return parts.filter(Boolean).join("+");
}

const SIGNS: Readonly<Record<string, string>> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
  Delete: "Del",
};

/** A shortcut as keys to draw: `["Ctrl", "Shift", "Z"]`. */
export function keysOf(shortcut: string, isMac = /Mac|iP/.test(navigator.platform)): string[] {
  // The key `+` itself ends a shortcut and parts none.
  return shortcut.split(/\+(?=.)/).map((key) => {
    if (key === "Mod") return isMac ? "⌘" : "Ctrl";
    return SIGNS[key] ?? key;
  });
}
