import { describe, expect, it } from 'vitest';
import { append, readLevel, type Line } from './log';

const line = (seq: number): Line => ({ seq, time: '2026-11-22T20:14:07Z', level: 'info', target: 'x', message: String(seq) });

describe('the log', () => {
  it('keeps each line once and the newest of them', () => {
    const lines = append([line(1), line(2)], [line(2), line(3)], 2);
    expect(lines.map((each) => each.seq)).toEqual([2, 3]);
  });

  it('does not trust the address for its level', () => {
    expect(readLevel('warn')).toBe('warn');
    expect(readLevel('<b>')).toBe('info');
    expect(readLevel(null)).toBe('info');
  });
});
