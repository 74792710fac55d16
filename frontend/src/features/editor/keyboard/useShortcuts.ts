import { useEffect } from "react";
import { type Editor, useEditor } from "../EditorContext";
import { COMMANDS, type EditorCommand, type Scope } from "./commands";
import { shortcutOf } from "./shortcut";

const BY_KEYS = new Map(COMMANDS.flatMap((command) => command.keys.map((keys) => [keys, command] as const)));
/** Inputs whose keys are not text: single letters do nothing in them. */
const NOT_TEXT = /^(checkbox|radio|range|button|submit|reset|color|file)$/;

const CANVAS = "[data-canvas-keys]";

/** Where the keyboard is: the widest scope whose keys work there. */
function scopeAt(element: Element | null): Scope {
  // A click beside every control leaves the focus on the page around the canvas.
  if (!element || element === document.body || element.querySelector(CANVAS)) return "canvas";
  if (isTyping(element) || element.closest("dialog, [role=dialog], [role=menu], [role=listbox]"))
    return "everywhere";
  return element.closest(CANVAS) ? "canvas" : "studio";
}

function isTyping(element: Element): boolean {
  if (element instanceof HTMLInputElement) return !NOT_TEXT.test(element.type);
  if (element instanceof HTMLElement && element.isContentEditable) return true;
  return element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement;
}

const WIDTH: Record<Scope, number> = { everywhere: 0, studio: 1, canvas: 2 };

function worksIn(command: EditorCommand, scope: Scope): boolean {
  return WIDTH[command.scope] <= WIDTH[scope];
}

function isOpenDialog({ view }: Editor): boolean {
  const { dialog, layerMenu } = view.getState();
  return dialog !== null || layerMenu !== null;
}

/** Whether these keys lead from a field of the inspector back to the canvas. */
function isWayBack(event: KeyboardEvent): boolean {
  return event.key === "Escape" && document.activeElement?.closest("[data-inspector]") != null;
}

/** The Studio's keys and clipboard, for as long as the page is shown. */
export function useShortcuts(): void {
  const editor = useEditor();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      if (isWayBack(event)) {
        editor.view.setState({ drawer: null });
        return editor.actions.focusCanvas();
      }
      const command = BY_KEYS.get(shortcutOf(event));
      if (!command || command.isClipboard || isOpenDialog(editor)) return;
      if (!worksIn(command, scopeAt(document.activeElement))) return;
      event.preventDefault();
      command.run(editor);
    };
    const isOurs = () => scopeAt(document.activeElement) !== "everywhere" && !isOpenDialog(editor);
    const onCopy = (event: ClipboardEvent) => {
      // Text that someone marked on the page is what they want to copy.
      if (!isOurs() || !document.getSelection()?.isCollapsed) return;
      const text = editor.actions.copy();
      if (text === null) return;
      event.clipboardData?.setData("text/plain", text);
      event.preventDefault();
      if (event.type === "cut") editor.actions.deleteSelection();
    };
    const onPaste = (event: ClipboardEvent) => {
      const text = event.clipboardData?.getData("text/plain");
      if (!isOurs() || !text) return;
      event.preventDefault();
      editor.actions.paste(text);
    };
    document.addEventListener("keydown", onKeyDown);
    document.addEventListener("copy", onCopy);
    document.addEventListener("cut", onCopy);
    document.addEventListener("paste", onPaste);
    return () => {
      document.removeEventListener("keydown", onKeyDown);
      document.removeEventListener("copy", onCopy);
      document.removeEventListener("cut", onCopy);
      document.removeEventListener("paste", onPaste);
    };
  }, [editor]);
}
