import { lang, t } from '../../lib/i18n.svelte';
import type { Camera } from '../../lib/types';

/** The camera's clock beside the server's: "0.2 s ahead", "unknown" with under five samples. */
export function skewText(camera: Pick<Camera, 'skew_ms' | 'skew_samples'>): string {
  const { skew_ms: skew, skew_samples: samples } = camera;
  if (skew === null || samples < 5) return t('cameras.clock_unknown');
  const size = Math.abs(skew);
  if (size < 50) return t('cameras.clock_right');
  const text = size < 60_000
    ? t('cameras.seconds', { s: seconds(size / 1000) })
    : size < 3_600_000
      ? t('cameras.minutes', { m: Math.round(size / 60_000) })
      : t('cameras.hours', { h: Math.round(size / 3_600_000) });
  return t(skew > 0 ? 'cameras.clock_ahead' : 'cameras.clock_behind', { by: text });
}

/** One digit behind the point below ten, as the language writes it. */
function seconds(s: number): string {
  const digits = s < 10 ? 1 : 0;
  return new Intl.NumberFormat(lang(), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(s);
}

/** Vendor, model, address, firmware and zone, what is known of them. */
export function factsOf(camera: Camera): string[] {
  const device = [camera.vendor, camera.model].filter(Boolean).join(' ');
  return [
    device,
    camera.address ?? '',
    camera.firmware ? t('cameras.firmware', { version: camera.firmware }) : '',
    camera.time_zone,
  ].filter((fact) => fact !== '');
}

/** "3 rate_limited, 1 bad body": why this camera's events were refused in the last day. */
export function rejections(camera: Camera): { reason: string; n: number }[] {
  return Object.entries(camera.rejected_24h ?? {})
    .filter(([, n]) => n > 0)
    .map(([reason, n]) => ({ reason, n }))
    .sort((a, b) => b.n - a.n);
}
