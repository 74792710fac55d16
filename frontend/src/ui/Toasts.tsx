import { CloseButton } from "@mantine/core";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { CheckIcon, ErrorIcon } from "./icons";
import classes from "./Toasts.module.css";
import { type Toast, useToasts } from "./toastStore";

/** Long enough to read twice; an error stays until it is dismissed. */
const SHOWN_MS = 6000;

/** The live region of the application; it is always there, so that screen readers announce what enters it. */
export function Toasts() {
  const toasts = useToasts((state) => state.toasts);
  return (
    <div className={classes.region} role="status" aria-live="polite">
      {toasts.map((toast) => (
        <ToastCard key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function ToastCard({ toast }: { toast: Toast }) {
  const { t } = useTranslation("ui");
  const dismiss = useToasts((state) => state.dismiss);
  const { id, tone, message } = toast;
  useEffect(() => {
    if (tone === "error") return;
    const timer = setTimeout(() => dismiss(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [dismiss, id, tone]);
  return (
    <div className={classes.toast} data-tone={tone}>
      <span className={classes.icon}>{tone === "error" ? <ErrorIcon /> : <CheckIcon />}</span>
      <span className={classes.message}>{message}</span>
      <CloseButton size="sm" aria-label={t("dismiss")} onClick={() => dismiss(id)} />
    </div>
  );
}
