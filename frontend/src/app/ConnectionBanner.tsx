import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/problem";
import { readyQuery } from "@/api/queries";
import { live } from "@/live/live";
import { useConnectionPhase } from "@/live/useConnectionPhase";
import { DisconnectedIcon, WarningIcon } from "@/ui/icons";
import classes from "./ConnectionBanner.module.css";

/** A reload of the server takes less: no word of it. */
const PATIENCE_MS = 1500;

/** Says that the server is lost while everything else stays usable. */
export function ConnectionBanner() {
  const { t } = useTranslation("app");
  const phase = useConnectionPhase();
  const isLost = useLasting(phase === "lost", PATIENCE_MS);
  const isSignedOut = phase === "signedOut" || phase === "refused";
  const ready = useQuery(readyQuery);
  // A server that starts says the same for a moment.
  const isHindered = useLasting(
    phase !== "lost" && ready.error instanceof ApiError && ready.error.status === 503,
    PATIENCE_MS,
  );
  return (
    <div role="status">
      {isHindered && !isSignedOut && ready.error && (
        <div className={classes.banner}>
          <WarningIcon size={16} />
          <span className={classes.text}>{ready.error.message}</span>
          <Button variant="default" size="compact-xs" onClick={() => void ready.refetch()}>
            {t("connection.again")}
          </Button>
        </div>
      )}
      {(isLost || isSignedOut) && (
        <div className={classes.banner}>
          <DisconnectedIcon />
          <span className={classes.text}>
            {isSignedOut ? t("connection.signedOut") : t("connection.lost")}
          </span>
          <Button variant="default" size="compact-xs" onClick={live.wake}>
            {t("connection.retry")}
          </Button>
        </div>
      )}
    </div>
  );
}

/** True once `value` has been true for a while without a break. */
function useLasting(value: boolean, afterMs: number): boolean {
  const [lasts, setLasts] = useState(false);
  useEffect(() => {
    if (!value) return setLasts(false);
    const timer = setTimeout(() => setLasts(true), afterMs);
    return () => clearTimeout(timer);
  }, [value, afterMs]);
  return value && lasts;
}
