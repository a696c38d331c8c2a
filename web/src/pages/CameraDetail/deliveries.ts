import { count, safe } from '../../lib/format';
import { t } from '../../lib/i18n.svelte';
import { fmt } from '../../lib/time';
import type { Delivery } from '../../lib/types';
import type { Sample } from './samples';

/** Longest line that is shown. */
const LINE_MAX = 4_096;

/**
 * Each delivery as a text that can be passed on: how it came, and how its body begins. `ids` is kept between calls,
 * so that a delivery which comes again has the name that it had.
 */
export function deliverySamples(deliveries: readonly Delivery[], ids: Map<string, string>): Sample[] {
  return deliveries.map((delivery) => {
    const content = JSON.stringify([delivery.method, delivery.query, delivery.content_type, delivery.text]);
    const id = ids.get(content) ?? String(ids.size);
    ids.set(content, id);
    const received = Date.parse(delivery.received);
    const head = [
      `${delivery.method} ${delivery.query === '' ? '/i/…' : `/i/…?${delivery.query}`}`,
      ...(delivery.content_type === null ? [] : [`Content-Type: ${delivery.content_type}`]),
      [
        delivery.from ?? '',
        fmt(received, 'full'),
        t('connect.n_bytes', { n: delivery.bytes }),
        delivery.count > 1 ? `× ${count(delivery.count)}` : '',
      ].filter((part) => part !== '').join(' · '),
    ];
    const body = delivery.text === '' ? [] : ['', ...delivery.text.split(/\r?\n/)];
    const code = [...head, ...body].map((line) => safe(line, LINE_MAX)).join('\n');
    return { id, label: fmt(received, 'clock'), code };
  });
}
