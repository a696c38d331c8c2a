// The server's time, whatever this computer's clock says.

/** Bounds of `server − local` in ms, from answers seen so far: each stamp holds for a whole second. */
let bounds: { low: number; high: number } | null = null;
let offset = 0;

/** Learns from one answer: its `Date` header, and when it was asked and received (local ms). */
export function feedClock(date: string | null, asked: number, received: number): void {
  const stamp = date ? Date.parse(date) : NaN;
  if (Number.isNaN(stamp)) return;
  const seen = { low: stamp - received, high: stamp + 1000 - asked };
  const both = bounds && { low: Math.max(bounds.low, seen.low), high: Math.min(bounds.high, seen.high) };
  // No overlap: one of the clocks was set. What was known before is void.
  bounds = both && both.low <= both.high ? both : seen;
  offset = bounds.low <= 0 && bounds.high >= 0 ? 0 : (bounds.low + bounds.high) / 2;
}

/** The server's time now, in ms since the epoch. */
export function serverNow(): number {
  return Date.now() + offset;
}

const MINUTE_MS = 60_000;
const floor = (ms: number, unit: number) => Math.floor(ms / unit) * unit;
let now = $state(floor(serverNow(), 1000));
let minute = $state(floor(serverNow(), MINUTE_MS));

function tick(): void {
  const ms = serverNow();
  now = floor(ms, 1000);
  if (floor(ms, MINUTE_MS) !== minute) minute = floor(ms, MINUTE_MS);
  setTimeout(tick, 1000 - (ms % 1000) + 5);
}
if (typeof window !== 'undefined' && import.meta.env.MODE !== 'test') tick();

/** Server time in whole seconds and whole minutes (ms since the epoch). Reactive. */
export const clock = {
  get now(): number {
    return now;
  },
  get minute(): number {
    return minute;
  },
};
