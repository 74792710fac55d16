/** The connection of this tab, made of what the browser offers. */
import { isSignedOut } from "@/api/session";
import { LiveConnection } from "./connection";

const PATH = "/api/v1/live";

export const live = new LiveConnection({
  connect: () => new WebSocket(`${location.origin.replace(/^http/, "ws")}${PATH}`),
  isSignedOut,
  isHidden: () => document.hidden,
  random: Math.random,
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) live.wake();
});
window.addEventListener("online", live.wake);
