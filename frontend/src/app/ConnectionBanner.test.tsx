import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { renderPage } from "@/test/render";
import { Refusal, serve } from "@/test/server";
import { ConnectionBanner } from "./ConnectionBanner";

const connection = vi.hoisted(() => {
  const listeners = new Set<() => void>();
  return {
    phase: "open",
    wake(): void {},
    listen(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    turn(phase: string) {
      connection.phase = phase;
      for (const listener of listeners) listener();
    },
  };
});
vi.mock("@/live/live", () => ({ live: connection }));

beforeEach(() => {
  serve({ "GET /readyz": { status: "ok", version: "1" } });
  vi.useFakeTimers({ shouldAdvanceTime: true });
});

afterEach(() => {
  vi.useRealTimers();
  connection.phase = "open";
});

describe("ConnectionBanner", () => {
  it("says what keeps the server from its work, and asks again", async () => {
    let isFull = true;
    const refusal = new Refusal(503, { title: "Not ready", status: 503, detail: "The disk is full." });
    serve({ "GET /readyz": () => (isFull ? refusal : { status: "ok", version: "1" }) });
    await renderPage(<ConnectionBanner />);
    expect(await screen.findByText("The disk is full.", {}, { timeout: 4000 })).toBeVisible();
    isFull = false;
    await userEvent.click(screen.getByRole("button", { name: "Ask again" }));
    await waitFor(() => expect(screen.getByRole("status")).toBeEmptyDOMElement());
  });

  it("says that training goes on when the server is lost for a while", async () => {
    await renderPage(<ConnectionBanner />);
    act(() => connection.turn("lost"));
    expect(screen.getByRole("status")).toBeEmptyDOMElement();
    await act(() => vi.advanceTimersByTimeAsync(2000));
    expect(screen.getByRole("status")).toHaveTextContent("Training continues on the server");
    act(() => connection.turn("open"));
    expect(screen.getByRole("status")).toBeEmptyDOMElement();
  });

  it("stays silent about a moment's break", async () => {
    await renderPage(<ConnectionBanner />);
    act(() => connection.turn("lost"));
    await act(() => vi.advanceTimersByTimeAsync(500));
    act(() => connection.turn("open"));
    await act(() => vi.advanceTimersByTimeAsync(3000));
    expect(screen.getByRole("status")).toBeEmptyDOMElement();
  });

  it("says how to sign in, and tries again when asked", async () => {
    const wake = vi.spyOn(connection, "wake");
    await renderPage(<ConnectionBanner />);
    act(() => connection.turn("signedOut"));
    expect(screen.getByRole("status")).toHaveTextContent("lamina link");
    await userEvent.setup({ advanceTimers: vi.advanceTimersByTime }).click(screen.getByRole("button"));
    expect(wake).toHaveBeenCalled();
  });
});
