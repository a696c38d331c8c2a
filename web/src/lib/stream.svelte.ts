/** The one live stream of the whole app: `fetch` and a reader, for the sight of status codes and keep-alives that EventSource hides. */

import { api } from './api';
import { serverNow } from './clock.svelte';
import { deliver, forget, itemOf, unseen } from './feed.svelte';
import { t } from './i18n.svelte';
import { session } from './session.svelte';
import { SseParser, type SseMessage } from './sse';
import { toast } from './toasts.svelte';
import type { EventObject, Page } from './types';
import { parseVxg } from './zones';

export { recentItems, subscribe, type StreamItem } from './feed.svelte';
export type StreamName = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'paused';

const PATH = '/api/v2/storage/events/stream/?detail=detail';
/** The server says something every 15 s. */
const SILENCE_MS = 35_000;
const OFFLINE_MS = 30_000;
const HIDDEN_MS = 60_000;
/** Events told within this time after a reconnect count as caught up. */
const CATCH_UP_MS = 1_500;
/** A connection that held this long was a good one: the next loss begins at the first step again. */
const GOOD_MS = 5_000;
const STEPS_MS = [500, 1000, 2000, 4000, 8000, 15_000];

/** How long to wait before attempt number `attempt` (from 0): the table of steps, ± 20 %. */
export function backOff(attempt: number, random: () => number = Math.random): number {
  return Math.round(STEPS_MS[Math.min(attempt, STEPS_MS.length - 1)]! * (0.8 + random() * 0.4));
}

class Stream {
  #link = $state<StreamName>('connecting');
  /** Since when (browser clock) it is in this state; while it is lost, since when it is lost. */
  since = $state(Date.now());
  /** Set while Live is held by its button: the stream stays open. */
  held = $state(false);
  /** The server refused for good: no right to read, or no place free. */
  refused = $state<'forbidden' | 'overloaded' | null>(null);

  /** Events since Live was last open: its badge. */
  get unseen(): number {
    return unseen.n;
  }

  get state(): StreamName {
    return this.held && this.#link === 'live' ? 'paused' : this.#link;
  }

  /** Only for this file's own functions. */
  become(state: StreamName, since = Date.now()): void {
    if (this.#link === state) return;
    this.#link = state;
    this.since = since;
  }
}

/** What the page shows of the connection. Reactive. */
export const stream = new Stream();

let wanted = false;
let asleep = false;
let lastId: number | null = null;
let current: AbortController | null = null;
let attempt = 0;
let lostAt: number | null = null;
let caughtUp: { from: number; events: number } | null = null;
type Timer = ReturnType<typeof setTimeout> | undefined;
let [silence, retry, offline, hidden]: Timer[] = [];
let listening = false;

/** Begins, or goes on behind the last event that came. Called by the shell once somebody is logged in. */
export function startStream(): void {
  if (wanted) return;
  wanted = true;
  stream.refused = null;
  listen();
  stream.become('connecting');
  void connect();
}

/** Ends. Forgets all that came, unless the session only ran out and is likely to go on. */
export function stopStream(): void {
  halt('connecting');
  if (session.state === 'ended') return;
  lastId = null;
  lostAt = null;
  forget();
}

/** Ends, but knows where to go on. */
function halt(state: StreamName): void {
  wanted = false;
  asleep = false;
  for (const timer of [silence, retry, offline, hidden]) clearTimeout(timer);
  current?.abort();
  current = null;
  stream.become(state);
}

async function connect(): Promise<void> {
  if (!wanted || asleep || current) return;
  clearTimeout(retry);
  const mine = new AbortController();
  current = mine;
  let wait: number | undefined;
  let openedAt = Number.POSITIVE_INFINITY;
  try {
    watch(mine);
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (lastId !== null) headers['Last-Event-ID'] = String(lastId);
    const answer = await fetch(PATH, { headers, signal: mine.signal, cache: 'no-store' });
    if (answer.ok && answer.body && answer.headers.get('Content-Type')?.startsWith('text/event-stream')) {
      openedAt = Date.now();
      opened();
      await read(answer.body, mine);
    } else {
      wait = refuse(answer);
      void answer.body?.cancel();
    }
  } catch {
    // Broken, silent or closed by us: what follows is the same.
  }
  if (current !== mine) return;
  clearTimeout(silence);
  mine.abort();
  current = null;
  if (Date.now() - openedAt >= GOOD_MS) attempt = 0;
  if (wanted && !asleep) lose(wait);
}

async function read(body: ReadableStream<Uint8Array>, mine: AbortController): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new SseParser();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || current !== mine) return;
    watch(mine);
    for (const message of parser.push(decoder.decode(value, { stream: true }))) take(message);
  }
}

/** A connection without a byte is a dead one, whatever the system says of it. */
function watch(mine: AbortController): void {
  clearTimeout(silence);
  silence = setTimeout(() => mine.abort(), SILENCE_MS);
}

function opened(): void {
  clearTimeout(offline);
  stream.refused = null;
  stream.become('live');
  if (lostAt !== null && Date.now() - lostAt > 5000) {
    const mine = { from: serverNow(), events: 0 };
    caughtUp = mine;
    setTimeout(() => {
      if (caughtUp === mine) caughtUp = null;
      toast({ text: t('live.reconnected', { n: mine.events }) });
    }, CATCH_UP_MS);
  }
  lostAt = null;
  if (lastId === null) void learnPosition();
}

/** Before the first event came there is no id to go on behind: the newest there was when the stream was already open is one. */
async function learnPosition(): Promise<void> {
  try {
    const { meta, objects } = await api.get<Page<EventObject>>('/api/v2/storage/events/', { order_by: '-time', limit: 1 });
    const anchor = /[?&]before_id=(\d+)/.exec(meta.next ?? '')?.[1];
    lastId ??= anchor ? Number(anchor) : (objects[0]?.id ?? null);
  } catch {
    // Then a loss before the first event begins at "now" again.
  }
}

/** What an answer that is no stream means; how long to wait, if it says so. */
function refuse(answer: Response): number | undefined {
  if (answer.status === 401) {
    halt('offline');
    session.state = 'ended';
  } else if (answer.status === 403) {
    halt('offline');
    stream.refused = 'forbidden';
  } else if (answer.status === 503) {
    stream.refused = 'overloaded';
    const seconds = Number(answer.headers.get('Retry-After'));
    if (seconds > 0) return Math.min(seconds, 300) * 1000;
  } else if (answer.status === 400) {
    lastId = null;
  }
  return undefined;
}

function lose(wait?: number): void {
  if (lostAt === null) {
    const at = Date.now();
    lostAt = at;
    stream.become('reconnecting', at);
    offline = setTimeout(() => stream.become('offline', at), OFFLINE_MS);
  }
  retry = setTimeout(() => void connect(), wait ?? backOff(attempt));
  attempt += 1;
}

function take(message: SseMessage): void {
  const item = itemOf(message);
  if (!item) return;
  if (message.id !== null && /^\d+$/.test(message.id)) lastId = Number(message.id);
  if (item.kind === 'gap') lastId = item.to;
  if (caughtUp) {
    if (item.kind === 'gap') caughtUp.events += item.count;
    else if (item.kind === 'event' && parseVxg(item.event.received_at ?? '') <= caughtUp.from) caughtUp.events += 1;
  }
  deliver(item);
}

function listen(): void {
  if (listening || typeof document === 'undefined') return;
  listening = true;
  for (const name of ['online', 'pageshow']) window.addEventListener(name, now);
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hidden);
    if (!document.hidden) {
      now();
      return;
    }
    if (!wanted) return;
    // Browsers allow six connections to a host: ten tabs in the background must not starve the one in front.
    hidden = setTimeout(() => {
      asleep = true;
      for (const timer of [silence, retry, offline]) clearTimeout(timer);
      current?.abort();
      current = null;
      lostAt = null;
      stream.become('paused');
    }, HIDDEN_MS);
  });
}

/** Tries at once, if it is not connected. */
function now(): void {
  if (!wanted) return;
  if (asleep) {
    asleep = false;
    attempt = 0;
    stream.become('connecting');
  }
  void connect();
}
