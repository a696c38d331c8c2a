import { t } from '../../lib/i18n.svelte';

/** One way to connect a camera: what to paste where. */
export interface Sample {
  id: string;
  label: string;
  code: string;
}

/** What the examples are made of. */
export interface Target {
  /** Scheme, host and port, as the camera reaches the server. */
  origin: string;
  camera: number;
  /** Name of the event type in the examples. */
  name: string;
  /** The ingest secret, or a stand-in while it is not shown. */
  secret: string;
  /** The agent's envelope, or a stand-in. */
  envelope: string;
}

/** The path that takes a camera's own messages. */
export const ingestPath = (secret: string) => `/i/${secret}`;

/** Examples by kind of sender; the way their own pages ask for it. */
export function samples({ origin, camera, name, secret, envelope }: Target): Sample[] {
  const url = new URL(origin);
  const tls = url.protocol === 'https:';
  const port = url.port || (tls ? '443' : '80');
  const path = ingestPath(secret);
  const fields = (...lines: [string, string][]) => {
    const width = Math.max(...lines.map(([key]) => key.length)) + 2;
    return lines.map(([key, value]) => `${`${key}:`.padEnd(width)}${value}`).join('\n');
  };
  const body = JSON.stringify({ camid: camera, name, age_ms: 0 });
  const address = `${origin}${path}`;
  const makes: [string, string][] = [
    ['Reolink', t('connect.reolink')],
    ['UniFi Protect', t('connect.unifi')],
    ['TP-Link VIGI', t('connect.vigi')],
    ['Viewtron, TVT, Provision', t('connect.viewtron')],
    ['Milesight', t('connect.milesight')],
    ['ONVIF', t('connect.onvif')],
    ['Frigate, Node-RED, Home Assistant', t('connect.frigate')],
    [t('connect.others_any'), `${t('connect.any')}\n  ${address}?name=${encodeURIComponent(name)}`],
  ];
  const where: [string, string][] = [
    [t('connect.protocol'), tls ? 'HTTPS' : 'HTTP'],
    [t('connect.host'), url.hostname],
    [t('connect.port'), port],
  ];
  return [
    {
      id: 'curl', label: 'curl',
      code: `curl ${origin}/api/v2/storage/events/ \\\n  -H 'Authorization: Bearer ${secret}' \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`,
    },
    {
      id: 'hikvision', label: 'Hikvision',
      code: `${t('connect.hikvision')}\n\n${fields(...where, ['URL', path])}`,
    },
    {
      id: 'dahua', label: 'Dahua',
      code: `${t('connect.dahua')}\n\n${fields(...where, [t('connect.path'), path])}`,
    },
    {
      id: 'axis', label: 'Axis',
      code: `${t('connect.axis')}\n\n${fields(['URL', address], [t('connect.method'), 'POST'], ['Content-Type', 'application/json'], ['Body', JSON.stringify({ name })])}`,
    },
    {
      id: 'others', label: t('connect.others'),
      code: `${t('connect.others_text')}\n${address}\n\n${makes.map(([make, page]) => `${make}\n  ${page}`).join('\n')}`,
    },
    {
      id: 'agent', label: t('connect.agent'),
      code: `${t('connect.agent_text')}\n\n${envelope}`,
    },
  ];
}
