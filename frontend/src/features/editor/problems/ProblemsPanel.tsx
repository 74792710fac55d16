import { Button } from "@mantine/core";
import { memo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { CheckIcon, ErrorIcon, InfoIcon, WarningIcon } from "@/ui/icons";
import { useCheck, useEditor } from "../EditorContext";
import { problemsOf, REFUSED } from "../state/checking";
import type { Problem, Severity } from "../wire";
import { FixButtons } from "./FixButtons";
import classes from "./ProblemsPanel.module.css";
import { useFocusAfterFix } from "./useFocusAfterFix";

const ORDER: Record<Severity, number> = { error: 0, warning: 1, info: 2 };
const ICONS = { error: ErrorIcon, warning: WarningIcon, info: InfoIcon };

/** All that the server finds wrong, the worst first, each with what to do about it. */
export const ProblemsPanel = memo(function ProblemsPanel() {
  const { t } = useTranslation("editor");
  const frame = useRef<HTMLElement>(null);
  const onFixed = useFocusAfterFix(frame);
  return (
    <section ref={frame} tabIndex={-1} className={classes.frame} aria-label={t("dock.problems")}>
      <Problems onFixed={onFixed} />
    </section>
  );
});

function Problems({ onFixed }: { onFixed: () => void }) {
  const { t } = useTranslation("editor");
  const known = useCheck(problemsOf);
  const isLost = useCheck((check) => check.isLost);
  if (!known) {
    return <p className={classes.none}>{isLost ? t("problems.lost") : t("problems.checking")}</p>;
  }
  if (known.length === 0) {
    return (
      <p className={classes.none}>
        <span className={classes.good}>
          <CheckIcon size={15} />
        </span>
        {t("problems.none")}
      </p>
    );
  }
  const problems = known
    .map((problem, index) => ({ problem, index }))
    .sort((a, b) => ORDER[a.problem.severity] - ORDER[b.problem.severity] || a.index - b.index);
  return (
    <ul className={classes.list}>
      {problems.map(({ problem, index }) => (
        <ProblemRow
          key={`${index} ${problem.code} ${problem.node} ${problem.field}`}
          problem={problem}
          onFixed={onFixed}
        />
      ))}
    </ul>
  );
}

function ProblemRow({ problem, onFixed }: { problem: Problem; onFixed: () => void }) {
  const { t } = useTranslation("editor");
  const Icon = ICONS[problem.severity];
  return (
    <li className={classes.row}>
      <span className={classes.icon} data-severity={problem.severity}>
        <Icon size={15} />
      </span>
      <span className={classes.severity}>{t(`problems.${problem.severity}`)}</span>
      <div className={classes.text}>
        {problem.node && <span className={classes.node}>{problem.node}</span>}
        {problem.message}
      </div>
      <div className={classes.actions}>
        <FixButtons problem={problem} onFixed={onFixed} />
        {problem.code !== REFUSED && <ShowButton problem={problem} />}
      </div>
    </li>
  );
}

function ShowButton({ problem }: { problem: Problem }) {
  const { t } = useTranslation("editor");
  const { view } = useEditor();
  const show = () => {
    if (problem.node) {
      view.getState().select([problem.node]);
      view.getState().show(problem.node);
    } else {
      const isGraph = problem.field === null && problem.port !== null;
      view.setState({ inspectorTab: isGraph ? "model" : "training" });
    }
  };
  return (
    <Button
      variant="default"
      onClick={show}
      aria-label={t("problems.showLabel", { name: problem.node ?? t("inspector.training") })}
    >
      {t("problems.show")}
    </Button>
  );
}
