import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { ErrorNotice } from "@/ui/ErrorNotice";
import classes from "./PageFailed.module.css";

/** A page that threw: the rest of the application stands. */
export function PageFailed({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <div className={classes.frame}>
      <ErrorNotice error={error} onRetry={retry} />
    </div>
  );
}
