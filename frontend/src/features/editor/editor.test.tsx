import { act, fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { datasetsQuery } from "@/api/queries";
import { linesOf } from "@/graph/testing";
import { createTestQueryClient, renderPage } from "@/test/render";
import { Dock } from "./dock/Dock";
import { RunNotice } from "./dock/RunNotice";
import { type Editor, EditorProvider } from "./EditorContext";
import { Inspector } from "./inspector/Inspector";
import { CommandPalette } from "./keyboard/CommandPalette";
import { ShortcutSheet } from "./keyboard/ShortcutSheet";
import { useShortcuts } from "./keyboard/useShortcuts";
import { Outline } from "./outline/Outline";
import { Palette } from "./palette/Palette";
import { ProblemsPanel } from "./problems/ProblemsPanel";
import { RunProvider } from "./RunContext";
import { StatusBar } from "./StatusBar";
import { currentDocument } from "./state/documentStore";
import { documentOf, reportOf, testEditor } from "./testing/catalog";
import { TopBar } from "./topbar/TopBar";
import type { StudioRun } from "./wire";

const graphIn = (editor: Editor) => currentDocument(editor.document.getState()).graph;
const stored = { id: "m1", version: 4 };

async function show(
  editor: Editor,
  part: ReactNode,
  run: StudioRun | null = null,
  language: "en" | "zh-CN" = "en",
) {
  const queryClient = createTestQueryClient();
  queryClient.setQueryData(datasetsQuery.queryKey, []);
  return renderPage(
    <EditorProvider editor={editor}>
      <RunProvider run={run}>{part}</RunProvider>
    </EditorProvider>,
    { queryClient, language },
  );
}

function runOf(change: Partial<StudioRun> = {}): StudioRun {
  return {
    id: "r1",
    state: "RUNNING",
    message: null,
    model_version: 4,
    epoch: 2,
    epochs: 3,
    step: 30,
    steps_per_epoch: 20,
    seconds_left: 125,
    test: null,
    ...change,
  };
}

afterEach(() => localStorage.clear());

describe("the palette", () => {
  it("lists the layers by group and adds the one that is pressed after the selection", async () => {
    const editor = testEditor();
    await show(editor, <Palette />);
    expect(screen.getAllByRole("heading").map((heading) => heading.textContent)).toEqual([
      "Basic",
      "Joining",
    ]);
    editor.view.getState().select(["b"]);
    await userEvent.click(screen.getByRole("button", { name: "LayerB2D" }));
    expect(linesOf(graphIn(editor))).toContain("n_layer_b_1: LayerB2D < b");
    expect(screen.getByRole("heading", { name: "Recent" })).toBeInTheDocument();
  });

  it("finds by name, by initials and by what a layer is for; Enter adds the best", async () => {
    const editor = testEditor();
    await show(editor, <Palette />);
    const search = screen.getByRole("searchbox", { name: "Search layers" });
    await userEvent.type(search, "about layerb");
    expect(screen.getAllByRole("button").map((button) => button.textContent)).toContain("LayerB2D");
    await userEvent.clear(search);
    await userEvent.type(search, "lb{Enter}");
    expect(linesOf(graphIn(editor))).toContain("n_layer_b_1: LayerB2D < b");
    await userEvent.clear(search);
    await userEvent.type(search, "nothing like it");
    expect(screen.getByText("No layer matches “nothing like it”.")).toBeInTheDocument();
  });

  it("is walked with the arrow keys", async () => {
    await show(testEditor(), <Palette />);
    await userEvent.click(screen.getByRole("searchbox"));
    await userEvent.keyboard("{ArrowDown}{ArrowDown}");
    expect(screen.getByRole("button", { name: "LayerA" })).toHaveFocus();
    await userEvent.keyboard("{ArrowUp}{ArrowUp}");
    expect(screen.getByRole("searchbox")).toHaveFocus();
  });
});

describe("the layer tab", () => {
  it("edits the selected layer and shows the server's complaint at its field", async () => {
    const editor = testEditor();
    editor.view.getState().select(["a"]);
    await show(editor, <Inspector />);
    expect(screen.getByRole("heading", { name: "LayerA" })).toBeInTheDocument();
    await userEvent.type(screen.getByLabelText("Size"), "64");
    expect(graphIn(editor).nodes[1]?.config).toEqual({ size: 64 });
    const problem = { node: "a", field: "size", message: "Size is too large." };
    act(() => editor.checker.store.setState({ report: reportOf([problem]) }));
    expect(screen.getByLabelText("Size")).toHaveAccessibleDescription("Size is too large.");
  });

  it("offers to mend a problem where it stands", async () => {
    const editor = testEditor();
    editor.view.getState().select(["a"]);
    await show(editor, <Inspector />);
    const patch = [{ op: "replace", path: "/nodes/1/config", value: { size: 10 } }];
    const fix = { label: "Give a 10 units", target: "graph" as const, patch };
    const checked = currentDocument(editor.document.getState());
    const report = reportOf([{ node: "a", field: "size", message: "Too small.", fixes: [fix] }]);
    act(() => editor.checker.store.setState({ report, checked }));
    const mend = screen.getByRole("button", { name: "Give a 10 units" });
    const said = screen.getByText("Too small.");
    expect(said.compareDocumentPosition(mend)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
    await userEvent.click(mend);
    expect(screen.getByRole("region", { name: "a" })).toHaveFocus();
    expect(graphIn(editor).nodes[1]?.config).toEqual({ size: 10 });
  });

  it("renames the layer, and says when a name cannot be", async () => {
    const editor = testEditor();
    editor.view.getState().select(["a"]);
    await show(editor, <Inspector />);
    await userEvent.clear(screen.getByLabelText("Name"));
    await userEvent.type(screen.getByLabelText("Name"), "b{Enter}");
    expect(screen.getByLabelText("Name")).toBeInvalid();
    await userEvent.type(screen.getByLabelText("Name"), "eta{Enter}");
    expect(graphIn(editor).nodes.map((node) => node.id)).toContain("beta");
    expect(screen.getByLabelText("Name")).toHaveValue("beta");
  });

  it("says what to do when nothing is selected", async () => {
    await show(testEditor(), <Inspector />);
    expect(screen.getByText("No layer selected")).toBeInTheDocument();
  });
});

describe("the training tab", () => {
  it("changes loss, metrics and optimizer as documents spell them", async () => {
    const editor = testEditor();
    editor.view.setState({ inspectorTab: "training" });
    await show(editor, <Inspector />);
    const training = () => currentDocument(editor.document.getState()).training;
    await userEvent.selectOptions(screen.getByLabelText("Loss"), "MeanValue");
    expect(training().loss).toBe("mean_value");
    expect(screen.getByLabelText("Loss")).toHaveDisplayValue("MeanValue");
    await userEvent.selectOptions(screen.getByLabelText("Metrics"), "CloseEnough");
    expect(training().metrics).toEqual(["close_enough"]);
    await userEvent.click(screen.getByRole("button", { name: "Remove close_enough" }));
    expect(training().metrics).toEqual([]);
    await userEvent.selectOptions(screen.getByLabelText("Optimizer"), "StepperOne");
    await userEvent.clear(screen.getByLabelText("Pace"));
    await userEvent.type(screen.getByLabelText("Pace"), "0.5");
    expect(training().optimizer).toEqual({ type: "StepperOne", config: { pace: 0.5 } });
    await userEvent.clear(screen.getByLabelText("Epochs"));
    await userEvent.type(screen.getByLabelText("Epochs"), "12");
    expect(training().epochs).toBe(12);
  });

  it("shows what holds where a number was emptied", async () => {
    const editor = testEditor();
    editor.view.setState({ inspectorTab: "training" });
    await show(editor, <Inspector />);
    await userEvent.clear(screen.getByLabelText("Epochs"));
    expect(screen.getByLabelText("Epochs")).toHaveValue("");
    expect(screen.getByLabelText("Epochs")).toHaveAttribute("placeholder", "10");
    expect(screen.getByLabelText("Batch size")).toHaveAttribute("placeholder", "32");
    expect(screen.getByLabelText("Seed")).toHaveAttribute("placeholder", "0");
  });
});

describe("what is said of training and names", () => {
  it("stands once, at the setting it is about, and a warning is no error", async () => {
    const editor = testEditor();
    await show(editor, <Inspector />);
    await userEvent.click(screen.getByRole("tab", { name: "Training" }));
    await userEvent.selectOptions(screen.getByLabelText("Optimizer"), "StepperOne");
    const problems = [
      { severity: "warning" as const, field: "optimizer.config.pace", message: "Pace is high." },
      { severity: "error" as const, field: "validation.split", message: "Too much is kept." },
    ].map((problem) => ({ ...problem, node: null }));
    act(() => editor.checker.store.setState({ report: reportOf(problems) }));
    expect(screen.getAllByText("Pace is high.")).toHaveLength(1);
    expect(screen.getByLabelText("Pace")).toHaveAccessibleDescription(/Pace is high/);
    expect(screen.getByLabelText("Pace")).not.toBeInvalid();
    expect(screen.getByLabelText("Validation split")).toBeInvalid();
  });

  it("tells a name that is taken from what is no name", async () => {
    const editor = testEditor();
    editor.view.getState().select(["a"]);
    await show(editor, <Inspector />);
    const name = screen.getByLabelText("Name");
    const typeName = async (text: string) => {
      await userEvent.clear(name);
      await userEvent.type(name, `${text}{Enter}`);
    };
    await typeName("b");
    expect(name).toHaveAccessibleDescription(/Another layer is called b\./);
    await typeName("a.b");
    expect(name).toHaveAccessibleDescription(/Spaces are not allowed, nor are dots and slashes/);
    await typeName("a");
    expect(name).not.toBeInvalid();
  });
});

describe("the problems", () => {
  const fix = {
    label: "Set size to 4",
    target: "graph" as const,
    patch: [{ op: "add", path: "/nodes/1/config/size", value: 4 }],
  };

  it("are listed worst first, and mended and shown with one press", async () => {
    const editor = testEditor();
    await show(editor, <ProblemsPanel />);
    const problems = [
      { severity: "info" as const, message: "By the way." },
      { severity: "error" as const, node: "a", message: "Size is missing.", fixes: [fix] },
    ];
    act(() => {
      const checked = currentDocument(editor.document.getState());
      editor.checker.store.setState({ report: reportOf(problems), checked });
    });
    const rows = screen.getAllByRole("listitem");
    expect(rows.map((row) => within(row).getByText(/Error:|Note:/).textContent)).toEqual(["Error:", "Note:"]);
    await userEvent.click(screen.getByRole("button", { name: "Show a" }));
    expect(editor.view.getState().selection).toEqual(["a"]);
    await userEvent.click(screen.getByRole("button", { name: "Set size to 4" }));
    expect(graphIn(editor).nodes[1]?.config).toEqual({ size: 4 });
    // Until the next check the fix is for another document.
    expect(screen.getByRole("button", { name: "Set size to 4" })).toBeDisabled();
    act(() => editor.actions.undo());
    expect(graphIn(editor).nodes[1]?.config).toEqual({});
  });

  it("keep the keyboard: a fix leads to the next one, the last to the panel", async () => {
    const editor = testEditor();
    await show(editor, <ProblemsPanel />);
    const problem = (node: string, label: string) => ({
      node,
      message: `${node}.`,
      fixes: [{ ...fix, label }],
    });
    const check = (...problems: Parameters<typeof reportOf>[0] & object) =>
      act(() => {
        const checked = currentDocument(editor.document.getState());
        editor.checker.store.setState({ report: reportOf(problems), checked });
      });
    check({ message: "Nothing helps." }, problem("a", "First"), problem("b", "Second"));
    screen.getByRole("button", { name: "First" }).focus();
    await userEvent.keyboard("{Enter}");
    expect(screen.getByRole("region", { name: "Problems" })).toHaveFocus();
    check({ message: "Nothing helps." }, problem("b", "Second"));
    expect(screen.getByRole("button", { name: "Second" })).toHaveFocus();
    act(() => editor.actions.undo());
    check(problem("b", "Second"));
    screen.getByRole("button", { name: "Second" }).focus();
    await userEvent.keyboard("{Enter}");
    check();
    expect(screen.getByRole("region", { name: "Problems" })).toHaveFocus();
    expect(screen.getByText(/^No problems/)).toBeInTheDocument();
  });

  it("are counted on their tab in the colour of the worst", async () => {
    const editor = testEditor();
    editor.view.getState().openDock("problems");
    await show(editor, <Dock curves="" log="" />);
    const badge = () => within(screen.getByRole("tab", { name: /Problems/ })).getByText(/\d/);
    act(() => editor.checker.store.setState({ report: reportOf([{ severity: "warning" }]) }));
    expect(badge()).toHaveAttribute("data-severity", "warning");
    act(() => editor.checker.store.setState({ report: reportOf([{ severity: "warning" }, {}]) }));
    expect(badge()).toHaveTextContent("2");
    expect(badge()).toHaveAttribute("data-severity", "error");
  });

  it("are counted in the status bar, which opens them", async () => {
    const editor = testEditor();
    await show(editor, <StatusBar />);
    act(() => editor.checker.store.setState({ report: reportOf([{}, {}, { severity: "warning" }]) }));
    await userEvent.click(screen.getByRole("button", { name: /2 errors\s*1 warning/ }));
    expect(editor.view.getState()).toMatchObject({ isDockOpen: true, dockTab: "problems" });
    expect(screen.getByText("1,250 parameters")).toBeInTheDocument();
  });
});

describe("the top bar", () => {
  it("says why training cannot start, and leads there", async () => {
    const editor = testEditor();
    editor.checker.store.setState({ report: reportOf([{}]) });
    await show(editor, <TopBar />);
    const train = screen.getByRole("button", { name: "Train" });
    expect(train).toHaveAccessibleDescription("1 error to solve first; press to see it");
    await userEvent.click(train);
    expect(editor.view.getState().dockTab).toBe("problems");
  });

  it("shows progress and Stop while a run trains, and which version that is", async () => {
    const stop = vi.fn(async () => undefined);
    const document = documentOf();
    const editor = testEditor({
      document,
      model: { id: "m1", version: 5 },
      saved: document,
      runs: { start: vi.fn(), stop },
    });
    await show(editor, <TopBar />, runOf());
    expect(screen.getByText("Training version 4, editing version 5")).toBeInTheDocument();
    expect(screen.getByRole("progressbar")).toHaveAttribute("value", "0.5");
    expect(screen.getByText(/Epoch 2 of 3 · .*2.*left/)).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Train" })).not.toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Stop" }));
    expect(stop).toHaveBeenCalledWith("r1");
  });

  it("offers the file one press away when the run has ended with a model", async () => {
    await show(testEditor(), <TopBar />, runOf({ state: "SUCCEEDED" }));
    const link = screen.getByRole("link", { name: "Download .keras" });
    expect(link).toHaveAttribute("href", "/api/v1/runs/r1/artifacts/model.keras");
    expect(screen.getByRole("button", { name: "Train" })).toBeInTheDocument();
  });

  it.each([
    [
      { state: "SUCCEEDED" as const, test: { loss: 0.04, metrics: { accuracy: 0.9855 }, n: 10 } },
      "The last run has finished: 98.55% accuracy on the test part.",
    ],
    [{ state: "STOPPED" as const, step: 1045 }, "The last run was stopped at step 1,045."],
  ])("says how the last run ended, with a way to it", async (change, sentence) => {
    await show(testEditor(), <RunNotice />, runOf(change));
    expect(screen.getByRole("status")).toHaveTextContent(sentence);
    expect(screen.getByRole("link", { name: "Show the run" })).toHaveAttribute("href", "/runs/r1");
  });

  it("says nothing of a run that goes on", async () => {
    await show(testEditor(), <RunNotice />, runOf());
    expect(screen.queryByRole("status")).toBeNull();
  });

  it("offers no file when the run failed", async () => {
    await show(testEditor(), <TopBar />, runOf({ state: "FAILED" }));
    expect(screen.queryByRole("link", { name: "Download .keras" })).not.toBeInTheDocument();
  });

  it("renames the model in one step of undo", async () => {
    const editor = testEditor();
    await show(editor, <TopBar />);
    await userEvent.type(screen.getByLabelText("Name of the model"), " two");
    expect(graphIn(editor).name).toBe("test two");
    await userEvent.click(screen.getByRole("button", { name: "Undo: rename" }));
    expect(graphIn(editor).name).toBe("test");
  });

  it("asks what to keep when the model was changed elsewhere", async () => {
    const editor = testEditor({ model: stored, saved: documentOf() });
    editor.saver.store.setState({ status: "conflict", isAsking: true });
    await show(editor, <TopBar />);
    expect(await screen.findByText("This model was changed elsewhere")).toBeInTheDocument();
    for (const name of ["Keep what is here", "Take the newer version", "Save mine as a new model"]) {
      expect(screen.getByRole("button", { name })).toBeInTheDocument();
    }
  });
});

describe("the outline", () => {
  it("is a tree that is walked, opened and selected by keyboard", async () => {
    const editor = testEditor();
    editor.view.setState({ isOutlineOpen: true });
    await show(editor, <Outline />);
    expect(screen.getByRole("treeitem", { name: /start/ })).toHaveFocus();
    await userEvent.keyboard("{ArrowDown}");
    expect(screen.getByRole("treeitem", { name: /LayerA, a/ })).toHaveFocus();
    expect(editor.view.getState().selection).toEqual(["a"]);
    await userEvent.keyboard("{ArrowRight}");
    expect(screen.getByRole("treeitem", { name: "from start" })).toBeInTheDocument();
    await userEvent.keyboard("{ArrowRight}{ArrowDown}{Enter}");
    expect(editor.view.getState().selection).toEqual(["b"]);
  });
});

describe("the keyboard", () => {
  function Page() {
    useShortcuts();
    return (
      <main tabIndex={-1} data-testid="page">
        <div data-canvas-keys>
          <button type="button">canvas</button>
        </div>
        <input aria-label="text" />
        <div data-inspector>
          <input aria-label="field" />
        </div>
        <CommandPalette />
        <ShortcutSheet />
      </main>
    );
  }

  it("works on the canvas and leaves text alone", async () => {
    const editor = testEditor();
    await show(editor, <Page />);
    editor.view.getState().select(["a"]);
    await userEvent.click(screen.getByLabelText("text"));
    await userEvent.keyboard("{Delete}c");
    expect(graphIn(editor).nodes).toHaveLength(3);
    expect(screen.getByLabelText("text")).toHaveValue("c");
    await userEvent.click(screen.getByRole("button", { name: "canvas" }));
    await userEvent.keyboard("{Delete}");
    expect(graphIn(editor).nodes).toHaveLength(2);
    await userEvent.keyboard("{Control>}z{/Control}");
    expect(graphIn(editor).nodes).toHaveLength(3);
    await userEvent.keyboard("{Control>}{Shift>}z{/Shift}{/Control}");
    expect(graphIn(editor).nodes).toHaveLength(2);
  });

  it("deletes what is selected when the page around the canvas has the focus", async () => {
    const editor = testEditor();
    await show(editor, <Page />);
    screen.getByTestId("page").focus();
    await userEvent.keyboard("{Control>}a{/Control}{Delete}");
    expect(graphIn(editor).nodes).toHaveLength(0);
  });

  it("goes from a field of the inspector back to the layer", async () => {
    const editor = testEditor();
    await show(editor, <Page />);
    editor.view.getState().select(["a"]);
    screen.getByLabelText("field").focus();
    await userEvent.keyboard("{Escape}");
    expect(editor.view.getState()).toMatchObject({ selection: ["a"], reveal: { id: "a", focus: true } });
  });

  it("copies and pastes through the clipboard", async () => {
    const editor = testEditor();
    await show(editor, <Page />);
    editor.view.getState().select(["a"]);
    await userEvent.click(screen.getByRole("button", { name: "canvas" }));
    const clipboardData = new Map<string, string>();
    const data = {
      setData: (type: string, text: string) => void clipboardData.set(type, text),
      getData: (type: string) => clipboardData.get(type) ?? "",
    };
    fireEvent.copy(document.body, { clipboardData: data });
    fireEvent.paste(document.body, { clipboardData: data });
    expect(graphIn(editor).nodes).toHaveLength(4);
  });

  it("leads to the search at once, whatever the next key is", async () => {
    await show(
      testEditor(),
      <>
        <Page />
        <Palette />
      </>,
    );
    screen.getByRole("button", { name: "canvas" }).focus();
    fireEvent.keyDown(document.body, { key: "/" });
    expect(screen.getByRole("searchbox", { name: "Search layers" })).toHaveFocus();
    fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
    const commands = screen.getByRole("combobox", { name: "Commands" });
    fireEvent.input(commands, { target: { value: "search" } });
    screen.getByRole("button", { name: "canvas" }).focus();
    fireEvent.keyDown(commands, { key: "Enter" });
    expect(screen.getByRole("searchbox", { name: "Search layers" })).toHaveFocus();
  });

  it("finds a command by name and runs it", async () => {
    const editor = testEditor();
    await show(editor, <Page />);
    await userEvent.keyboard("{Control>}k{/Control}");
    await userEvent.type(await screen.findByRole("combobox", { name: "Commands" }), "select a{Enter}");
    await vi.waitFor(() => expect(editor.view.getState().selection).toHaveLength(3));
  });

  it("goes on in what a command opened, and where it was when none was chosen", async () => {
    const editor = testEditor();
    await show(
      editor,
      <>
        <Page />
        <Inspector />
        <Dock curves="" log="" />
      </>,
    );
    const run = async (name: string) => {
      await userEvent.keyboard("{Control>}k{/Control}");
      await userEvent.type(await screen.findByRole("combobox", { name: "Commands" }), `${name}{Enter}`);
    };
    screen.getByRole("button", { name: "canvas" }).focus();
    await userEvent.keyboard("{Control>}k{/Control}");
    fireEvent(screen.getByRole("dialog"), new Event("cancel", { cancelable: true }));
    expect(screen.getByRole("button", { name: "canvas" })).toHaveFocus();
    await run("show problems");
    await vi.waitFor(() => expect(screen.getByRole("tab", { name: "Problems" })).toHaveFocus());
    await run("show log");
    await vi.waitFor(() => expect(screen.getByRole("tab", { name: "Log" })).toHaveFocus());
    await run("training settings");
    await vi.waitFor(() => expect(screen.getByLabelText("Dataset")).toHaveFocus());
  });

  it("shows the sheet of shortcuts", async () => {
    await show(testEditor(), <Page />);
    await userEvent.keyboard("?");
    expect(await screen.findByRole("dialog", { name: "Keyboard shortcuts" })).toBeInTheDocument();
    expect(screen.getByText("Add a layer after")).toBeInTheDocument();
  });
});

describe("in Chinese", () => {
  it("speaks Chinese throughout", async () => {
    const editor = testEditor();
    await show(editor, <Palette />, null, "zh-CN");
    expect(screen.getByRole("searchbox", { name: "搜索层" })).toBeInTheDocument();
    expect(screen.getByRole("heading", { name: "基础" })).toBeInTheDocument();
  });
});
