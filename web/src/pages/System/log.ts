// The tail of the log kept on the page.

/** A line of `@logs/`. */
export interface Line {
  seq: number;
  time: string;
  level: 'error' | 'warn' | 'info' | 'debug';
  target: string;
  message: string;
}

/** The answer of `@logs/`. */
export interface LogBody {
  last: number;
  objects: Line[];
}

export const LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export const TAIL = 500;

/** Level of an address; what is unknown means `info`. */
export function readLevel(text: string | null): string {
  return LEVELS.find((level) => level === text) ?? 'info';
}

/** Lines with newer ones behind, each once, at most `max`: the oldest go. */
export function append(lines: readonly Line[], newer: readonly Line[], max = TAIL): Line[] {
  const last = lines.at(-1)?.seq ?? -1;
  return [...lines, ...newer.filter((line) => line.seq > last)].slice(-max);
}
