import classes from "./ProgressBar.module.css";

interface ProgressBarProps {
  /** In [0, 1]; null while the end is not known. */
  value: number | null;
  /** For screen readers. */
  label: string;
}

export function ProgressBar({ value, label }: ProgressBarProps) {
  const share = value === null ? null : Math.min(1, Math.max(0, value));
  return (
    <div
      className={classes.track}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(share === null ? {} : { "aria-valuenow": Math.round(share * 100) })}
    >
      <div
        className={classes.fill}
        data-unknown={share === null || undefined}
        style={{ width: share === null ? "30%" : `${share * 100}%` }}
      />
    </div>
  );
}
