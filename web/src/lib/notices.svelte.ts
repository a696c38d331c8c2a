// What is wrong right now, worst first: from the server, and what only the page can see.
import { api, ApiError, hooks } from './api';
import { clock } from './clock.svelte';
import { known, t } from './i18n.svelte';
import { can, refresh, session, type NoticeLevel } from './session.svelte';
import { stream } from './stream.svelte';
import { duration } from './time';

/** One line under the header. */
export type Line = { code: string; level: NoticeLevel; text: string; action?: { label: string; href?: string; run?: () => void } };

const OFFLINE_MS = 30_000;
const POLL_MS = 30_000;
const SESSION_POLL_MS = 60_000;
/** After this long without a touch the session is left to end by itself. */
const UNTOUCHED_MS = 5 * 60_000;
const SESSION_ENDS_MS = 5 * 60_000;
/** Worst first; an unknown code comes last of its level. */
const ORDER = ['offline', 'storage_failed', 'storage_full', 'clock_suspect', 'retention_cut', 'backup_overdue', 'session_ends', 'overloaded', 'forbidden'];
const WHERE: Record<string, 'a_storage' | 'a_system' | 'a_settings'> = {
  storage_full: 'a_storage', storage_failed: 'a_system', clock_suspect: 'a_system', retention_cut: 'a_storage', backup_overdue: 'a_storage',
};
const PATHS = { a_storage: '/storage', a_system: '/system', a_settings: '/settings' };

/** When the server first failed to answer (browser clock), null while it does. */
let silentSince = $state<number | null>(null);
/** Codes from `/readyz` and from refused writes, until `/readyz` is fine again. */
let failing = $state.raw<string | null>(null);

hooks.answered = () => (silentSince = null);
hooks.silent = () => (silentSince ??= Date.now());
hooks.full = () => (failing = 'storage_full');

async function pollReady(): Promise<void> {
  try {
    await api.get('/readyz');
    failing = null;
  } catch (error) {
    if (error instanceof ApiError && error.status === 503) failing = /^storage_/.test(error.code) ? error.code : null;
  }
}

/** When somebody last did anything on this page (browser clock). */
let touchedAt = Date.now();
const touched = () => (touchedAt = Date.now());
const TOUCHES = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/**
 * Whether to ask for the session: every request of it counts as use, so a page that nobody touches must fall silent,
 * or a session left open on a wall would never end by idleness.
 */
function worthAsking(): boolean {
  return !document.hidden && session.state === 'in' && Date.now() - touchedAt < UNTOUCHED_MS;
}

/** Starts looking; returns how to stop. */
export function watchNotices(): () => void {
  touched();
  for (const kind of TOUCHES) addEventListener(kind, touched, { capture: true, passive: true });
  void pollReady();
  const ready = setInterval(() => !document.hidden && void pollReady(), POLL_MS);
  const own = setInterval(() => worthAsking() && void refresh(), SESSION_POLL_MS);
  const woke = () => !document.hidden && void pollReady();
  document.addEventListener('visibilitychange', woke);
  return () => {
    for (const kind of TOUCHES) removeEventListener(kind, touched, { capture: true });
    clearInterval(ready);
    clearInterval(own);
    document.removeEventListener('visibilitychange', woke);
  };
}

function line(code: string, level: NoticeLevel, params: Record<string, string | number> = {}): Line {
  const text = known(`shell.n_${code}`) ? t(`shell.n_${code}`, params) : t('shell.n_other', { code });
  const where = WHERE[code];
  if (!where || !can('admin')) return { code, level, text };
  return { code, level, text, action: { label: t(`shell.${where}`), href: PATHS[where] } };
}

/** How long there was no answer, once that is worth saying; else null. */
function offlineFor(): number | null {
  const since = silentSince ?? (stream.state === 'offline' ? stream.since : null);
  if (since === null) return null;
  void clock.now; // asks again each second
  const span = Date.now() - since;
  return span >= OFFLINE_MS ? span : null;
}

function all(): Line[] {
  const lines: Line[] = [];
  const offline = offlineFor();
  if (offline !== null) {
    const retry = { label: t('shell.a_retry'), run: () => void refresh() };
    lines.push({ ...line('offline', 'danger', { t: duration(offline) }), action: retry });
  }
  if (failing) lines.push(line(failing, 'danger'));
  for (const { code, level, params } of session.notices) if (code !== failing) lines.push(line(code, level, params));
  const left = session.idleUntil === null ? Infinity : session.idleUntil - clock.now;
  if (session.state === 'in' && left > 0 && left <= SESSION_ENDS_MS) {
    const stay = { label: t('shell.a_stay'), run: () => void refresh() };
    lines.push({ ...line('session_ends', 'warn', { t: duration(Math.max(left, 1000)) }), action: stay });
  }
  if (stream.refused) lines.push(line(stream.refused, 'warn'));
  const rank = ({ code }: Line) => (ORDER.includes(code) ? ORDER.indexOf(code) : ORDER.length);
  return lines.sort((a, b) => Number(a.level === 'warn') - Number(b.level === 'warn') || rank(a) - rank(b));
}

/** The notices on screen. Reactive. */
export const notices = {
  get list(): Line[] {
    return all();
  },
};

