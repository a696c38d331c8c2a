import fc from 'fast-check';
import { expect, test } from 'vitest';

import { PENDING_MAX, SseParser, type SseMessage } from './sse';

function parse(pieces: string[]): SseMessage[] {
  const parser = new SseParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

test('one message', () => {
  expect(parse(['retry: 2000\n\nid: 7\nevent: event\ndata: {"id":7}\n\n'])).toEqual([{ event: 'event', data: '{"id":7}', id: '7' }]);
});

test('comments are nothing, fields without colon or blank count, unknown ones do not', () => {
  expect(parse([': keep-alive\n\n', 'data\ndata:x\nfoo: y\n\n'])).toEqual([{ event: 'message', data: '\nx', id: null }]);
});

test('an id is that of its message only; an event name does not stay', () => {
  expect(parse(['id: 1\nevent: a\ndata: 1\n\ndata: 2\n\nevent: b\n\ndata: 3\n\n'])).toEqual([
    { event: 'a', data: '1', id: '1' },
    { event: 'message', data: '2', id: null },
    { event: 'message', data: '3', id: null },
  ]);
});

test('an unfinished message is not told', () => {
  expect(parse(['data: x\n', 'data: y'])).toEqual([]);
});

test('a byte order mark at the beginning is left out', () => {
  expect(parse(['\ufeffdata: x\n\n'])).toEqual([{ event: 'message', data: 'x', id: null }]);
});

test('a line without end is refused', () => {
  const parser = new SseParser();
  const piece = 'x'.repeat(1024 * 1024);
  expect(() => {
    for (let n = 0; n <= PENDING_MAX / piece.length; n += 1) parser.push(piece);
  }).toThrow();
});

const text = fc.string({ unit: fc.constantFrom('a', ':', ' ', '{', '"', 'é', '😀', '\0') });
const message = fc.record({
  event: fc.option(fc.constantFrom('event', 'updated', 'removed', 'gap'), { nil: null }),
  id: fc.option(fc.nat().map(String), { nil: null }),
  lines: fc.array(text, { minLength: 1, maxLength: 4 }),
  comment: fc.boolean(),
});

test('any messages, any line ends, cut anywhere, come out whole', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 8 }),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.nat({ max: 40 }), { maxLength: 60 }),
      (messages, end, cuts) => {
        const all = messages
          .map(({ event, id, lines, comment }) => [
            ...(comment ? [': keep-alive'] : []),
            ...(id === null ? [] : [`id: ${id}`]),
            ...(event === null ? [] : [`event: ${event}`]),
            ...lines.map((line) => `data: ${line}`),
            '',
          ])
          .flat()
          .map((line) => line + end)
          .join('');
        const pieces: string[] = [];
        let from = 0;
        for (const cut of cuts) {
          pieces.push(all.slice(from, from + cut));
          from += cut;
        }
        pieces.push(all.slice(from));
        expect(parse(pieces)).toEqual(
          messages.map(({ event, id, lines }) => ({ event: event ?? 'message', data: lines.join('\n'), id })),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test('bytes cut inside a character come out whole', () => {
  fc.assert(
    fc.property(text, fc.nat(), (value, cut) => {
      const bytes = new TextEncoder().encode(`data: ${value}😀\n\n`);
      const at = cut % bytes.length;
      const decoder = new TextDecoder();
      const pieces = [bytes.slice(0, at), bytes.slice(at)].map((part) => decoder.decode(part, { stream: true }));
      expect(parse(pieces)).toEqual([{ event: 'message', data: `${value}😀`, id: null }]);
    }),
  );
});
