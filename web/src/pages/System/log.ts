// The tail of the log kept on the page.
import type { Schema } from '../../lib/types';

/** A line of `@logs/`. */
export type Line = Schema<'LineBody'>;

/** The answer of `@logs/`. */
export type LogBody = Schema<'LogBody'>;

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
