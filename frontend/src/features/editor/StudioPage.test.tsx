import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { renderPage } from "@/test/render";
import { useToasts } from "@/ui/toastStore";
import { StudioPage } from "./StudioPage";
import { CATALOG, documentOf, reportOf, text } from "./testing/catalog";

interface Request {
  readonly method: string;
  readonly path: string;
  readonly ifMatch: string | null;
  readonly body: unknown;
}

/** A server that knows one template and keeps one model. */
function serve(answers: Partial<Record<string, () => Response>> = {}) {
  const requests: Request[] = [];
  const model = (version: number) => ({ id: "m1", name: "test", version, fingerprint: "f", ...documentOf() });
  const json = (body: unknown, status = 200) => Response.json(body, { status });
  const known: Record<string, () => Response> = {
    "GET /api/v1/catalog": () => json(CATALOG),
    "GET /api/v1/templates": () =>
      json({
        items: [{ id: "first", title: text("First"), summary: text(""), ...documentOf() }],
        next: null,
      }),
    "POST /api/v1/graphs/check": () => json(reportOf()),
    "GET /api/v1/datasets": () => json({ items: [], next: null }),
    "POST /api/v1/models": () => json(model(1), 201),
    "GET /api/v1/models/m1": () => json(model(3)),
    "PUT /api/v1/models/m1": () => json(model(4)),
    ...answers,
  };
  vi.spyOn(globalThis, "fetch").mockImplementation(async (request) => {
    if (!(request instanceof globalThis.Request)) throw new Error("The client sends requests.");
    const { pathname } = new URL(request.url);
    const body = request.method === "GET" ? null : await request.json();
    requests.push({ method: request.method, path: pathname, ifMatch: request.headers.get("if-match"), body });
    const answer = known[`${request.method} ${pathname}`];
    return answer ? answer() : json({ title: "Not here", status: 404 }, 404);
  });
  return requests;
}

function Page({
  start,
  template = null,
  sourceRun = null,
  created,
}: {
  start: string | null;
  template?: string | null;
  sourceRun?: string | null;
  created?: (id: string) => void;
}) {
  const [modelId, setModelId] = useState(start);
  return (
    <StudioPage
      modelId={modelId}
      template={template}
      sourceRun={sourceRun}
      layer={null}
      run={null}
      onModelCreated={(id) => {
        created?.(id);
        setModelId(id);
      }}
      renderCurves={() => "curves"}
      renderLog={() => "log"}
      serverLost={false}
    />
  );
}

const name = () => screen.findByLabelText("Name of the model");

beforeEach(() => localStorage.clear());

describe("the Studio", () => {
  it("opens the first template as an unsaved draft", async () => {
    serve();
    await renderPage(<Page start={null} />);
    expect(await name()).toHaveValue("test");
    expect(screen.getByText("Draft on this device")).toBeInTheDocument();
    expect(await screen.findByText("No problems")).toBeInTheDocument();
  });

  it("names the browser's tab after the model, also while it is a draft", async () => {
    serve();
    document.title = "Models · Lamina";
    await renderPage(<Page start={null} />);
    await userEvent.type(await name(), " two");
    expect(document.title).toBe("test two · Lamina");
    await userEvent.clear(await name());
    expect(document.title).toBe("Untitled · Lamina");
  });

  it("goes on with the same work when the first save gives it an address", async () => {
    const requests = serve();
    const created = vi.fn();
    await renderPage(<Page start={null} created={created} />);
    await userEvent.type(await name(), " two");
    await userEvent.keyboard("{Control>}s{/Control}");
    await waitFor(() => expect(created).toHaveBeenCalledWith("m1"));
    const saved = requests.find(({ method, path }) => method === "POST" && path === "/api/v1/models");
    expect(saved?.body).toMatchObject({ name: "test two", graph: { name: "test two" } });
    expect(await name()).toHaveValue("test two");
    expect(screen.getByText("Version 1")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Undo: rename" }));
    expect(await name()).toHaveValue("test");
  });

  it("saves a saved model by itself, against the version it was read at", async () => {
    const requests = serve();
    await renderPage(<Page start="m1" />);
    await userEvent.type(await name(), "s");
    await waitFor(() => expect(screen.getByText("Version 4")).toBeInTheDocument(), { timeout: 7000 });
    expect(requests.find(({ method }) => method === "PUT")?.ifMatch).toBe('"3"');
    expect(screen.getByText("Saved")).toBeInTheDocument();
  }, 10_000);

  it("shows what was saved in another window when someone comes back", async () => {
    let stored = { id: "m1", name: "test", version: 3, fingerprint: "f", ...documentOf() };
    serve({ "GET /api/v1/models/m1": () => Response.json(stored) });
    await renderPage(<Page start="m1" />);
    expect(await name()).toHaveValue("test");
    stored = { ...stored, version: 6, graph: { ...stored.graph, name: "theirs" } };
    act(() => void window.dispatchEvent(new Event("focus")));
    await waitFor(async () => expect(await name()).toHaveValue("theirs"));
    expect(screen.getByText("Version 6")).toBeInTheDocument();
    expect(useToasts.getState().toasts.map(({ message }) => message)).toEqual([
      "Version 6 was saved elsewhere and is open now. Undo goes back.",
    ]);
  });

  it("offers a new model when the one that is open was deleted", async () => {
    let isThere = true;
    const found = { id: "m1", name: "test", version: 3, fingerprint: "f", ...documentOf() };
    serve({
      "GET /api/v1/models/m1": () => (isThere ? Response.json(found) : new Response("{}", { status: 404 })),
      "PUT /api/v1/models/m1": () => new Response("{}", { status: 404 }),
      "POST /api/v1/models": () => Response.json({ ...found, id: "m2", version: 1 }, { status: 201 }),
    });
    const created = vi.fn();
    await renderPage(<Page start="m1" created={created} />);
    await userEvent.type(await name(), "s");
    isThere = false;
    await userEvent.keyboard("{Control>}s{/Control}");
    await userEvent.click(await screen.findByRole("button", { name: "Save as a new model" }));
    await waitFor(() => expect(created).toHaveBeenCalledWith("m2"));
    expect(await name()).toHaveValue("tests");
    expect(screen.getByText("Saved")).toBeInTheDocument();
  });

  it("goes on with a draft that was left behind, and can start over", async () => {
    serve();
    const first = await renderPage(<Page start={null} />);
    await userEvent.type(await name(), " draft");
    act(() => void window.dispatchEvent(new Event("pagehide")));
    first.unmount();
    await renderPage(<Page start={null} />);
    expect(await name()).toHaveValue("test draft");
    await userEvent.click(screen.getByRole("button", { name: "Start over" }));
    expect(await name()).toHaveValue("test");
  });

  it("says when there is no such model, and leads to those that are there", async () => {
    serve();
    await renderPage(<Page start="m_nosuch" />);
    expect(await screen.findByText(/There is no model at this address/)).toBeInTheDocument();
    expect(document.title).toBe("Not found · Lamina");
    expect(screen.getByRole("link", { name: "To the models" })).toHaveAttribute("href", "/");
  });

  it("offers what a run keeps when its model was deleted, and opens that as a draft", async () => {
    const kept = documentOf();
    serve({
      "GET /api/v1/runs/r1": () => Response.json({ ...kept, graph: { ...kept.graph, name: "kept" } }),
    });
    const first = await renderPage(<Page start="m_nosuch" sourceRun="r1" />);
    const copy = await screen.findByRole("link", { name: "Open a copy from the run" });
    expect(copy).toHaveAttribute("href", "/m/new?run=r1");
    first.unmount();
    await renderPage(<Page start={null} sourceRun="r1" />);
    expect(await name()).toHaveValue("kept");
    expect(screen.getByText("Draft on this device")).toBeInTheDocument();
  });

  it("starts with an empty canvas when that is asked for", async () => {
    serve();
    await renderPage(<Page start={null} template="empty" />);
    expect(await name()).toHaveValue("Untitled");
    expect(screen.getByText("Nothing on the canvas yet")).toBeInTheDocument();
  });

  it("asks again when the server could not answer", async () => {
    let isThere = false;
    const broken = () => Response.json({ title: "Broken", status: 500 }, { status: 500 });
    const found = { id: "m1", name: "test", version: 1, fingerprint: "f", ...documentOf() };
    serve({ "GET /api/v1/models/m1": () => (isThere ? Response.json(found) : broken()) });
    await renderPage(<Page start="m1" />);
    expect(await screen.findByText("Broken")).toBeInTheDocument();
    isThere = true;
    await userEvent.click(screen.getByRole("button", { name: /again|Retry/i }));
    expect(await name()).toHaveValue("test");
  });

  it("refuses a document of a later version instead of showing half of it", async () => {
    const later = { id: "m1", name: "test", version: 1, fingerprint: "f", ...documentOf() };
    serve({
      "GET /api/v1/models/m1": () => Response.json({ ...later, graph: { ...later.graph, version: 2 } }),
    });
    await renderPage(<Page start="m1" />);
    expect(await screen.findByRole("alert")).toBeInTheDocument();
    expect(screen.queryByLabelText("Name of the model")).not.toBeInTheDocument();
  });

  it("says when a template is not known", async () => {
    serve();
    await renderPage(<Page start={null} template="unheard" />);
    expect(await screen.findByText("There is no template named “unheard”.")).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "To the models" })).toBeInTheDocument();
  });
});
