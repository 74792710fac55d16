/** The connection of this tab, made of what the browser offers. */
import { LiveConnection } from "./connection";

const PATH = "/api/v1/live";

/** Any route that needs a sign-in and costs nothing tells whether this browser has one. */
async function isSignedOut(): Promise<boolean> {
  try {
    const response = await fetch("/api/v1/runs?limit=1", { headers: { Accept: "application/json" } });
    return response.status === 401;
  } catch {
    return false;
  }
}

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
