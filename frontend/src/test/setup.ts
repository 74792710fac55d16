import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { afterEach, vi } from "vitest";

// What jsdom lacks and Mantine asks for.
vi.stubGlobal("matchMedia", (query: string) => ({
  matches: false,
  media: query,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
}));
vi.stubGlobal(
  "ResizeObserver",
  class {
    observe() {}
    unobserve() {}
    disconnect() {}
  },
);
Element.prototype.scrollIntoView ??= () => undefined;

afterEach(cleanup);

// What jsdom lacks of the browser's own dialogs and popovers: only that they open, close, say so, and give the focus back.
let outside: Element | null = null;
document.addEventListener("focusin", ({ target }) => {
  if (target instanceof Element && !target.closest("dialog")) outside = target;
});
const cameFrom = new WeakMap<HTMLDialogElement, Element | null>();
HTMLDialogElement.prototype.showModal = function showModal() {
  cameFrom.set(this, outside);
  this.open = true;
};
HTMLDialogElement.prototype.close = function close() {
  this.open = false;
  const before = cameFrom.get(this);
  if (this.isConnected && before instanceof HTMLElement) before.focus();
};

function tell(element: HTMLElement, newState: "open" | "closed"): void {
  element.style.display = newState === "open" ? "block" : "none";
  element.dispatchEvent(Object.assign(new Event("beforetoggle"), { newState }));
  // As in a browser, the second event comes in a task of its own.
  setTimeout(() => element.dispatchEvent(Object.assign(new Event("toggle"), { newState })), 0);
}

HTMLElement.prototype.hidePopover = function hidePopover() {
  tell(this, "closed");
};
document.addEventListener("click", ({ target }) => {
  const opener = target instanceof Element ? target.closest("[popovertarget]") : null;
  const popover = document.getElementById(opener?.getAttribute("popovertarget") ?? "");
  if (popover) tell(popover, "open");
});
