import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import classes from "./Dialog.module.css";
import { CloseIcon } from "./icons";

interface DialogProps {
  title: string;
  /** Escape, the close button or a press beside it. */
  onClose: () => void;
  size?: "normal" | "wide";
  /** Only screen readers hear the title, and there is no close button: for what says itself what it is. */
  hideTitle?: boolean;
  children: ReactNode;
}

/**
 * A modal dialog, open for as long as it is rendered.
 *
 * The browser's own `<dialog>` keeps the focus inside, gives it back, and draws above everything. What should have
 * the focus first carries `data-autofocus`.
 */
export function Dialog({ title, onClose, size = "normal", hideTitle = false, children }: DialogProps) {
  const { t } = useTranslation("ui");
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Closed while it is still in the page: one that is taken out open gives the focus to nobody.
  useLayoutEffect(() => {
    const dialog = element.current;
    if (!dialog) return;
    dialog.showModal();
    dialog.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => dialog.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, told by the browser as `cancel`
    <dialog
      ref={element}
      className={classes.dialog}
      data-size={size}
      {...(hideTitle ? { "aria-label": title } : { "aria-labelledby": titleId })}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === element.current) onClose();
      }}
    >
      <div className={classes.content}>
        {!hideTitle && (
          <header className={classes.header}>
            <h2 id={titleId} className={classes.title}>
              {title}
            </h2>
            <button type="button" className={classes.close} aria-label={t("dismiss")} onClick={onClose}>
              <CloseIcon />
            </button>
          </header>
        )}
        {children}
      </div>
    </dialog>
  );
}
