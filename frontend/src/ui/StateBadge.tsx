import { useTranslation } from "react-i18next";
import { isRunState, toneOf } from "./runState";
import classes from "./StateBadge.module.css";

/** A run's state: a word with a dot, so that colour is never the only sign. */
export function StateBadge({ state }: { state: string }) {
  const { t } = useTranslation("ui");
  const label = isRunState(state) ? t(`state.${state}`) : state;
  return (
    <span className={classes.badge} data-tone={toneOf(state)}>
      <span className={classes.dot} aria-hidden="true" />
      {label}
    </span>
  );
}
