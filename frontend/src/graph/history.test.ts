import { describe, expect, it } from "vitest";
import { moveNodes } from "./commands";
import {
  begin,
  canRedo,
  canUndo,
  commit,
  end,
  type History,
  MAX_STEPS,
  redo,
  startHistory,
  undo,
} from "./history";
import { graphOf, randomEdit, seeded } from "./testing";

const step = (history: History<string>, document: string) => commit(history, document, { label: document });
const shown = (history: History<string>) => history.present.document;

describe("history", () => {
  it("goes back and forth", () => {
    const history = step(step(startHistory("a"), "b"), "c");
    expect(shown(undo(history))).toBe("b");
    expect(shown(undo(undo(history)))).toBe("a");
    expect(shown(redo(undo(undo(history))))).toBe("b");
  });

  it("knows its ends", () => {
    const start = startHistory("a");
    expect([canUndo(start), canRedo(start)]).toEqual([false, false]);
    const back = undo(step(start, "b"));
    expect([canUndo(back), canRedo(back)]).toEqual([false, true]);
    expect(shown(undo(start))).toBe("a");
    expect(shown(redo(start))).toBe("a");
  });

  it("forgets what was undone when something else is done", () => {
    const history = step(undo(step(startHistory("a"), "b")), "c");
    expect(canRedo(history)).toBe(false);
    expect(shown(undo(history))).toBe("a");
  });

  it("records nothing when nothing changed", () => {
    const start = startHistory("a");
    expect(step(start, "a")).toBe(start);
  });

  it("makes one step of what happens between begin and end", () => {
    const history = end(step(step(begin(startHistory("a")), "b"), "c"));
    expect(shown(undo(history))).toBe("a");
    expect(shown(redo(undo(history)))).toBe("c");
  });

  it("records no step for a drag that ends where it began", () => {
    expect(canUndo(end(begin(startHistory("a"))))).toBe(false);
    expect(canUndo(end(step(step(begin(startHistory("a")), "b"), "a")))).toBe(false);
  });

  it("undoes an open step as a whole", () => {
    const open = step(step(begin(step(startHistory("a"), "b")), "c"), "d");
    expect(canUndo(open)).toBe(true);
    expect(shown(undo(open))).toBe("b");
  });

  it("merges commits with one key while they follow each other closely", () => {
    const type = (history: History<string>, text: string, key: string, atMs: number) =>
      commit(history, text, { label: text, merge: { key, atMs } });
    let history = type(startHistory(""), "1", "a.size", 0);
    history = type(history, "12", "a.size", 400);
    history = type(history, "128", "a.size", 900);
    expect(shown(undo(history))).toBe("");
    const later = type(history, "64", "a.size", 5000);
    expect(shown(undo(later))).toBe("128");
    const other = type(history, "x", "b.size", 950);
    expect(shown(undo(other))).toBe("128");
  });

  it("does not merge into a step that was undone to", () => {
    const at = (atMs: number) => ({ label: "", merge: { key: "k", atMs } });
    const history = commit(undo(commit(startHistory("a"), "b", at(0))), "c", at(10));
    expect(shown(undo(history))).toBe("a");
  });

  it("keeps a bounded number of steps", () => {
    let history = startHistory(0);
    for (let count = 1; count <= MAX_STEPS + 20; count += 1) history = commit(history, count, { label: "" });
    expect(history.past).toHaveLength(MAX_STEPS);
  });

  it.each(Array.from({ length: 40 }, (_, index) => index + 1))(
    "undoing everything gives back the start, redoing everything the end (seed %i)",
    (seed) => {
      const random = seeded(seed);
      const start = graphOf("start: Start", "a: LayerA < start", "b: LayerB2D < start", "join: Join < a b");
      let history = startHistory(start);
      for (let count = 0; count < 50; count += 1) {
        const before = history;
        const choice = random();
        if (choice < 0.15) {
          history = begin(history);
          for (let move = 0; move < 3; move += 1) {
            history = commit(history, moveNodes(history.present.document, { a: { x: move, y: count } }), {
              label: "",
            });
          }
          history = end(history);
        } else if (choice < 0.3) history = undo(history);
        else if (choice < 0.4) history = redo(history);
        else history = commit(history, randomEdit(history.present.document, random), { label: "" });
        expect(history.past.length).toBeLessThanOrEqual(before.past.length + 1);
      }
      while (canRedo(history)) history = redo(history);
      const last = history.present.document;
      while (canUndo(history)) history = undo(history);
      expect(history.present.document).toBe(start);
      while (canRedo(history)) history = redo(history);
      expect(history.present.document).toBe(last);
    },
  );
});
