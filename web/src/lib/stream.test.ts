import { afterEach, beforeEach, expect, test, vi } from 'vitest';

// Each test loads the module anew, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const session = { state: 'in' };
const toast = vi.fn();
const newest = vi.fn();
vi.mock('./session.svelte', () => ({ session }));
vi.mock('./toasts.svelte', () => ({ toast }));
vi.mock('./api', () => ({ api: { get: newest }, hooks: {}, admin: (path: string) => path }));
vi.mock('./i18n.svelte', () => ({ t: (key: string, params: object) => `${key} ${JSON.stringify(params)}`, lang: () => 'en' }));

/** One connection as the server sees it. */
interface Line {
  lastId: string | null;
  aborted: boolean;
  send: (text: string) => void;
  end: () => void;
}
let lines: Line[];
let answers: (() => Response)[];
let offline: boolean;

function event(id: number, more = ''): string {
  return `id: ${id}\nevent: event\ndata: {"camid":1,"id":${id},"name":"motion","time":"2026-11-22T20:14:07"${more}}\n\n`;
}

function fakeFetch(_: string, init: RequestInit): Promise<Response> {
  if (offline) return Promise.reject(new TypeError('network'));
  const answer = answers.shift();
  if (answer) return Promise.resolve(answer());
  const encoder = new TextEncoder();
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (c) => void (controller = c) });
  const line: Line = {
    lastId: new Headers(init.headers).get('Last-Event-ID'),
    aborted: false,
    send: (text) => controller.enqueue(encoder.encode(text)),
    end: () => controller.close(),
  };
  init.signal?.addEventListener('abort', () => {
    line.aborted = true;
    try {
      controller.error(new DOMException('aborted', 'AbortError'));
    } catch {
      // Ended before.
    }
  });
  lines.push(line);
  line.send('retry: 2000\n\n');
  return Promise.resolve(new Response(body, { headers: { 'Content-Type': 'text/event-stream' } }));
}

async function load() {
  const lib = await import('./stream.svelte');
  const got: unknown[] = [];
  const batches: number[] = [];
  lib.subscribe((items) => {
    batches.push(items.length);
    got.push(...items.map((item) => ('event' in item ? item.event.id : item)));
  });
  return { ...lib, got, batches };
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function hide(hidden: boolean): void {
  Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers();
  vi.stubGlobal('fetch', vi.fn(fakeFetch));
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  [lines, answers, offline] = [[], [], false];
  session.state = 'in';
  toast.mockReset();
  newest.mockReset().mockResolvedValue({ meta: { next: '/x?before_id=40&after=1-2' }, objects: [{ id: 3 }] });
});
afterEach(async () => {
  (await import('./stream.svelte')).stopStream();
  hide(false);
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('items arrive in one batch per frame', async () => {
  const { startStream, stream, got, batches } = await load();
  expect(stream.state).toBe('connecting');
  startStream();
  await pass(1);
  expect(stream.state).toBe('live');
  lines[0]!.send(event(41) + event(42));
  lines[0]!.send('event: updated\ndata: {"camid":1,"id":41,"name":"motion","time":"x"}\n\nevent: removed\ndata: {"id":42}\n\n');
  lines[0]!.send('event: gap\ndata: {"count":5,"from":43,"to":49}\n\nevent: event\ndata: {broken\n\nevent: other\ndata: {}\n\n');
  await pass(300);
  expect(got).toEqual([41, 42, 41, { kind: 'removed', id: 42 }, { kind: 'gap', count: 5, from: 43, to: 49 }]);
  expect(batches.length).toBeLessThanOrEqual(2);
  expect(stream.unseen).toBe(7);
});

test('a lost connection is resumed behind the last event, without a word if it was short', async () => {
  const { startStream, stream, got } = await load();
  startStream();
  await pass(1);
  lines[0]!.send(event(41));
  await pass(300);
  lines[0]!.end();
  await pass(1);
  expect(stream.state).toBe('reconnecting');
  await pass(500);
  expect(stream.state).toBe('live');
  expect(lines[1]!.lastId).toBe('41');
  lines[1]!.send(event(42));
  await pass(2000);
  expect(got).toEqual([41, 42]);
  expect(toast).not.toHaveBeenCalled();
});

test('before any event came, it is resumed behind the newest there was', async () => {
  const { startStream } = await load();
  startStream();
  await pass(1);
  lines[0]!.end();
  await pass(600);
  expect(lines[1]!.lastId).toBe('40');
});

test('a gap is where it goes on', async () => {
  const { startStream } = await load();
  startStream();
  await pass(1);
  lines[0]!.send(event(900) + 'event: gap\ndata: {"count":1,"from":1,"to":7}\n\n');
  await pass(300);
  lines[0]!.end();
  await pass(600);
  expect(lines[1]!.lastId).toBe('7');
});

test('silence of 35 s ends a connection, a keep-alive keeps it', async () => {
  const { startStream, stream } = await load();
  startStream();
  await pass(30_000);
  lines[0]!.send(': keep-alive\n\n');
  await pass(34_000);
  expect(stream.state).toBe('live');
  await pass(1_100);
  expect(lines[0]!.aborted).toBe(true);
  expect(stream.state).toBe('reconnecting');
});

test('tries come at 0.5, 1, 2, 4, 8, 15, 15 s; offline after 30 s; the catch-up is told', async () => {
  const { startStream, stream } = await load();
  startStream();
  await pass(6000);
  offline = true;
  const lost = Date.now();
  lines[0]!.end();
  const tries: number[] = [];
  vi.mocked(fetch).mockImplementation((url, init) => {
    tries.push(Date.now() - lost);
    return fakeFetch(url as string, init!);
  });
  await pass(29_000);
  expect(stream.state).toBe('reconnecting');
  await pass(2000);
  expect(stream.state).toBe('offline');
  expect(stream.since).toBe(lost);
  expect(tries).toEqual([500, 1500, 3500, 7500, 15_500, 30_500]);
  offline = false;
  await pass(15_000);
  expect(stream.state).toBe('live');
  const received = new Date(lost).toISOString().slice(0, -1);
  lines[1]!.send(event(41, `,"received_at":"${received}"`) + event(42, `,"received_at":"2999-01-01T00:00:00"`));
  await pass(2000);
  expect(toast).toHaveBeenCalledExactlyOnceWith({ text: 'live.reconnected {"n":1}' });
});

test('waits lie within a fifth of their step', async () => {
  const { backOff } = await load();
  expect([backOff(0, () => 0), backOff(0, () => 1), backOff(99, () => 0), backOff(99, () => 1)]).toEqual([400, 600, 12_000, 18_000]);
});

test('online and becoming visible try at once', async () => {
  const { startStream, stream } = await load();
  offline = true;
  startStream();
  await pass(20_000);
  offline = false;
  window.dispatchEvent(new Event('online'));
  await pass(1);
  expect(stream.state).toBe('live');
});

test('401 ends the session and stops; after log-in it goes on behind the last event', async () => {
  const { startStream, stopStream } = await load();
  startStream();
  await pass(1);
  lines[0]!.send(event(41));
  await pass(300);
  answers.push(() => new Response('', { status: 401 }));
  lines[0]!.end();
  await pass(60_000);
  expect(session.state).toBe('ended');
  expect(fetch).toHaveBeenCalledTimes(2);
  stopStream();
  session.state = 'in';
  startStream();
  await pass(1);
  expect(lines[1]!.lastId).toBe('41');
});

test('403 stops for good', async () => {
  const { startStream, stream } = await load();
  answers.push(() => new Response('', { status: 403 }));
  startStream();
  await pass(120_000);
  expect(fetch).toHaveBeenCalledTimes(1);
  expect([stream.state, stream.refused]).toEqual(['offline', 'forbidden']);
});

test('503 waits as long as it is asked to', async () => {
  const { startStream, stream } = await load();
  answers.push(() => new Response('', { status: 503, headers: { 'Retry-After': '7' } }));
  startStream();
  await pass(6_900);
  expect([fetch].map((f) => vi.mocked(f).mock.calls.length)).toEqual([1]);
  expect(stream.refused).toBe('overloaded');
  await pass(200);
  expect([stream.state, stream.refused]).toEqual(['live', null]);
});

test('an answer that is no stream is a failure', async () => {
  const { startStream, stream } = await load();
  answers.push(() => new Response('<html>', { headers: { 'Content-Type': 'text/html' } }));
  startStream();
  await pass(100);
  expect(stream.state).toBe('reconnecting');
});

test('a hidden tab gives its connection back after 60 s and resumes when it is seen', async () => {
  const { startStream, stream } = await load();
  startStream();
  await pass(1);
  lines[0]!.send(event(41));
  await pass(300);
  hide(true);
  await pass(30_000);
  lines[0]!.send(': keep-alive\n\n');
  await pass(29_000);
  expect(stream.state).toBe('live');
  await pass(1_100);
  expect([lines[0]!.aborted, stream.state]).toEqual([true, 'paused']);
  await pass(600_000);
  expect(lines).toHaveLength(1);
  hide(false);
  await pass(1);
  expect([lines[1]!.lastId, stream.state]).toEqual(['41', 'live']);
});

test('log-out forgets', async () => {
  const { startStream, stopStream, recentItems, stream } = await load();
  startStream();
  await pass(1);
  lines[0]!.send(event(41));
  await pass(300);
  expect(recentItems()).toHaveLength(1);
  session.state = 'anonymous';
  stopStream();
  expect(recentItems()).toHaveLength(0);
  expect(stream.unseen).toBe(0);
  startStream();
  await pass(1);
  expect(lines[1]!.lastId).toBeNull();
});

test('what is kept follows changes and removals', async () => {
  const { startStream, recentItems } = await load();
  startStream();
  await pass(1);
  lines[0]!.send(event(41) + event(42));
  lines[0]!.send('event: removed\ndata: {"id":41}\n\nevent: updated\ndata: {"camid":1,"id":42,"name":"x","time":"t"}\n\n');
  await pass(300);
  expect(recentItems()).toEqual([{ kind: 'event', event: { camid: 1, id: 42, name: 'x', time: 't' } }]);
});

test('Pause shows as paused while the stream is live', async () => {
  const { startStream, stream } = await load();
  startStream();
  await pass(1);
  stream.held = true;
  expect(stream.state).toBe('paused');
});
