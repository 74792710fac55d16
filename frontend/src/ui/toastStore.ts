/** Short messages about what just happened, said once and gone. Plain store: a mutation may speak without React. */
import { create } from "zustand";

export interface Toast {
  id: number;
  tone: "info" | "error";
  message: string;
}

interface ToastState {
  toasts: readonly Toast[];
  show(tone: Toast["tone"], message: string): void;
  dismiss(id: number): void;
}

const MOST_AT_ONCE = 4;
let lastId = 0;

export const useToasts = create<ToastState>((set) => ({
  toasts: [],
  show(tone, message) {
    lastId += 1;
    const toast = { id: lastId, tone, message };
    set(({ toasts }) => ({ toasts: [...toasts, toast].slice(-MOST_AT_ONCE) }));
  },
  dismiss(id) {
    set(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.id !== id) }));
  },
}));

export function showToast(tone: Toast["tone"], message: string): void {
  useToasts.getState().show(tone, message);
}
