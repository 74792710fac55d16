import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { showToast } from "@/ui/toastStore";
import { useEditor } from "../EditorContext";
import type { Problem } from "../wire";
import classes from "./ProblemsPanel.module.css";
import { useIsCurrent } from "./useIsCurrent";

/** What the server offers to do about a problem. */
export function FixButtons({ problem, onFixed }: { problem: Problem; onFixed?: () => void }) {
  const { t } = useTranslation("editor");
  const { actions } = useEditor();
  const isCurrent = useIsCurrent();
  return problem.fixes.map((fix) => (
    <Button
      key={fix.label}
      variant="light"
      data-fix
      classNames={{ root: classes.fix ?? "", label: classes.fixLabel ?? "" }}
      disabled={!isCurrent}
      title={fix.label}
      onClick={() => {
        if (actions.fix(fix)) onFixed?.();
        else showToast("error", t("problems.stale"));
      }}
    >
      {fix.label}
    </Button>
  ));
}
