// Short messages about what the user just did.
import { ApiError } from './api';
import { t } from './i18n.svelte';

export type ToastKind = 'info' | 'ok' | 'error';
export type NewToast = { text: string; kind?: ToastKind; code?: string; undo?: () => void };
export type Toast = NewToast & { id: number; kind: ToastKind };

const SHOWN_MS = 6000;
const SHOWN_MAX = 3;
let nextId = 1;
let list = $state.raw<Toast[]>([]);
const timers = new Map<number, ReturnType<typeof setTimeout>>();

/** The messages on screen, oldest first. Reactive. */
export const toasts = {
  get list(): Toast[] {
    return list;
  },
};

function startTimer(one: Toast): void {
  // An error stays: nobody should lose the reason by looking away.
  if (one.kind !== 'error') timers.set(one.id, setTimeout(() => closeToast(one.id), SHOWN_MS));
}

/** Shows a message: 6 s, errors until closed, at most three at once. */
export function toast(message: NewToast): void {
  const one: Toast = { kind: 'info', ...message, id: nextId++ };
  const same = list.find((old) => old.text === one.text && old.code === one.code && !old.undo && !one.undo);
  if (same) closeToast(same.id);
  list = [...list, one];
  while (list.length > SHOWN_MAX) closeToast(list[0]!.id);
  startTimer(one);
}

/** Takes a message away. */
export function closeToast(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  list = list.filter((one) => one.id !== id);
}

/** Holds all messages, while one is pointed at or focused. */
export function holdToasts(): void {
  for (const timer of timers.values()) clearTimeout(timer);
  timers.clear();
}

/** Lets them go again. */
export function releaseToasts(): void {
  for (const one of list) if (!timers.has(one.id)) startTimer(one);
}

/** Says that something failed, with the server's reason and code. An aborted request says nothing. */
export function failed(error: unknown): void {
  if (error instanceof DOMException && error.name === 'AbortError') return;
  if (error instanceof ApiError) {
    // The dialog "Session ended" says it already.
    if (error.status === 401 && error.code !== 'wrong_login') return;
    toast({ kind: 'error', text: error.detail, code: error.code });
  } else {
    console.error(error);
    toast({ kind: 'error', text: t('common.unexpected') });
  }
}
