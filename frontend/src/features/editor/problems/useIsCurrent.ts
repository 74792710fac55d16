import { useCheck, useDocument } from "../EditorContext";
import { sameMeaning } from "../state/checking";
import { currentDocument } from "../state/documentStore";

/** A fix counts on positions in the document: it may be applied only to the document it was made for. */
export function useIsCurrent(): boolean {
  const checked = useCheck((check) => check.checked);
  const document = useDocument(currentDocument);
  return sameMeaning(checked, document);
}
