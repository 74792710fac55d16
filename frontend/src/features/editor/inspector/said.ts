import { useCheck } from "../EditorContext";

/** What is said below a field. */
export interface Said {
  error: string | undefined;
  warning: string | undefined;
}

/** What the check says of a field of the training document, but not what one of its own settings says itself. */
export function useTrainingProblems(): (path: string) => Said {
  const problems = useCheck((check) => check.report?.problems);
  return (path) => {
    const own = (problems ?? []).filter(
      ({ node, field }) =>
        node === null &&
        field !== null &&
        (field === path || field.startsWith(`${path}.`) || field.startsWith(`${path}[`)) &&
        !field.startsWith(`${path}.config.`),
    );
    const first = (severity: string) => own.find((problem) => problem.severity === severity)?.message;
    return { error: first("error"), warning: first("warning") };
  };
}
