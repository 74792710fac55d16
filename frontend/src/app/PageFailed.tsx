import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { ApiError } from "@/api/problem";
import { isSignedOut } from "@/api/session";
import { ErrorNotice } from "@/ui/ErrorNotice";
import classes from "./PageFailed.module.css";

/** A page that threw, or whose files did not arrive: the rest of the application stands. */
export function PageFailed({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const isFromServer = error instanceof ApiError;
  const reason = useReason(error, isFromServer);
  const retry = () => {
    // A browser remembers a file that did not arrive: only a new page asks for it again.
    if (!isFromServer) return location.reload();
    reset();
    void router.invalidate();
  };
  return (
    <div className={classes.frame}>
      <ErrorNotice error={reason} onRetry={retry} />
    </div>
  );
}

/** The error itself, unless it only hides that the browser is not signed in any more. */
function useReason(error: unknown, isFromServer: boolean): unknown {
  const [reason, setReason] = useState<unknown>(error);
  useEffect(() => {
    setReason(error);
    if (isFromServer) return;
    let isCurrent = true;
    void isSignedOut().then((signedOut) => {
      if (isCurrent && signedOut) setReason(ApiError.signedOut());
    });
    return () => {
      isCurrent = false;
    };
  }, [error, isFromServer]);
  return reason;
}
