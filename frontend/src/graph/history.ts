/**
 * Undo and redo over immutable documents.
 *
 * A step is the whole document before and after; since documents share what did not change, a step costs what it
 * changed. Selection, measurement and zoom are not in it: an undo always changes something that a person can see.
 */

export interface Step<T> {
  readonly document: T;
  /** What the step that led here did, for "Undo move". */
  readonly label: string;
}

interface Merge {
  readonly key: string;
  readonly atMs: number;
}

export interface History<T> {
  readonly past: readonly Step<T>[];
  readonly present: Step<T>;
  readonly future: readonly Step<T>[];
  /** Document at the time of `begin`; commits until `end` become one step. */
  readonly opened: Step<T> | null;
  readonly merge: Merge | null;
}

export interface CommitOptions {
  readonly label: string;
  /** Commits in a row with the same key, each within `MERGE_MS` of the one before, are one step: typing a number. */
  readonly merge?: Merge;
}

export const MERGE_MS = 1000;
export const MAX_STEPS = 500;

export function startHistory<T>(document: T): History<T> {
  return { past: [], present: { document, label: "" }, future: [], opened: null, merge: null };
}

/** Make `document` the present. A document that is the present already leaves the history as it is. */
export function commit<T>(history: History<T>, document: T, options: CommitOptions): History<T> {
  if (document === history.present.document) return history;
  const present = { document, label: options.label };
  if (history.opened) return { ...history, present, future: [], merge: null };

  const merge = options.merge ?? null;
  const last = history.merge;
  const continues = merge !== null && last?.key === merge.key && merge.atMs - last.atMs < MERGE_MS;
  if (continues && history.past.length > 0) return { ...history, present, future: [], merge };
  return {
    past: [...history.past, history.present].slice(-MAX_STEPS),
    present,
    future: [],
    opened: null,
    merge,
  };
}

/** Open a step that takes all commits until `end`, such as a drag. Opening twice changes nothing. */
export function begin<T>(history: History<T>): History<T> {
  return history.opened ? history : { ...history, opened: history.present, merge: null };
}

/** Close the open step. Nothing is recorded when the document is what it was at `begin`. */
export function end<T>(history: History<T>): History<T> {
  const { opened } = history;
  if (!opened) return history;
  const closed = { ...history, opened: null, merge: null };
  if (opened.document === history.present.document) return closed;
  return { ...closed, past: [...history.past, opened].slice(-MAX_STEPS) };
}

export function undo<T>(history: History<T>): History<T> {
  const closed = end(history);
  const previous = closed.past.at(-1);
  if (!previous) return closed;
  return {
    past: closed.past.slice(0, -1),
    present: previous,
    future: [closed.present, ...closed.future],
    opened: null,
    merge: null,
  };
}

export function redo<T>(history: History<T>): History<T> {
  const closed = end(history);
  const [next, ...future] = closed.future;
  if (!next) return closed;
  return { past: [...closed.past, closed.present], present: next, future, opened: null, merge: null };
}

export function canUndo<T>(history: History<T>): boolean {
  return (
    history.past.length > 0 ||
    (history.opened !== null && history.opened.document !== history.present.document)
  );
}

export function canRedo<T>(history: History<T>): boolean {
  return history.future.length > 0;
}
