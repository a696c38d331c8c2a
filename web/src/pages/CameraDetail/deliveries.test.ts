import { expect, it } from 'vitest';
import type { Delivery } from '../../lib/types';
import { deliverySamples } from './deliveries';

const delivery: Delivery = {
  received: '2026-03-01T10:00:00Z', count: 1, from: '10.0.0.5', method: 'POST', query: '',
  content_type: 'application/xml', bytes: 612, text: '<Alarm>\r\n  <Kind>17</Kind>\n</Alarm>',
};

it('tells how a delivery came, and how it begins', () => {
  const [shown] = deliverySamples([delivery], new Map());
  expect(shown?.label).toMatch(/^\d\d:00:00$/);
  expect(shown?.code).toMatch(
    /^POST \/i\/…\nContent-Type: application\/xml\n10\.0\.0\.5 · 2026-03-01 \d\d:00:00 · 612 bytes\n\n<Alarm>\n {2}<Kind>17<\/Kind>\n<\/Alarm>$/,
  );
});

it('leaves out what there is not, and makes visible what would steer', () => {
  const [first, second] = deliverySamples([
    { ...delivery, count: 1_200, from: null, method: 'GET', query: 'a=b', content_type: null, bytes: 0, text: '' },
    { ...delivery, text: 'a\u202eb\u0007' },
  ], new Map());
  expect(first?.code).toMatch(/^GET \/i\/…\?a=b\n2026-03-01 \d\d:00:00 · 0 bytes · × 1,200$/);
  expect(second?.code).not.toMatch(/[\u202e\u0007]/);
});

it('names a delivery as before when it comes again', () => {
  const ids = new Map<string, string>();
  const other = { ...delivery, text: 'other' };
  const [, before] = deliverySamples([other, delivery], ids);
  const [again, behind] = deliverySamples([{ ...delivery, count: 2 }, other], ids);
  expect(again?.id).toBe(before?.id);
  expect(behind?.id).not.toBe(again?.id);
});
