import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { showToast } from "@/ui/toastStore";
import { useCheck, useDocument, useEditor } from "../EditorContext";
import { sameMeaning } from "../state/checking";
import { currentDocument } from "../state/documentStore";
import type { Problem } from "../wire";

/** What the server offers to do about a problem. */
export function FixButtons({ problem }: { problem: Problem }) {
  const { t } = useTranslation("editor");
  const { actions } = useEditor();
  const isCurrent = useIsCurrent();
  return problem.fixes.map((fix) => (
    <Button
      key={fix.label}
      variant="light"
      disabled={!isCurrent}
      title={fix.label}
      onClick={() => {
        if (!actions.fix(fix)) showToast("error", t("problems.stale"));
      }}
    >
      {fix.label}
    </Button>
  ));
}

/** A fix counts on positions in the document: it may be applied only to the document it was made for. */
function useIsCurrent(): boolean {
  const checked = useCheck((check) => check.checked);
  const document = useDocument(currentDocument);
  return sameMeaning(checked, document);
}
