// The settings as the server lists them, and what the page makes of them.
import type { Schema, Told } from '../../lib/types';

export type Value = string | number | boolean | null;

/** One setting of `@settings/`. */
export type Setting = Omit<Told<Schema<'SettingBody'>>, 'form' | 'kind' | 'value' | 'default'> & {
  /** A form this page does not know yet is shown behind the others. */
  form: string;
  kind: Schema<'SettingKind'> | 'boolean';
  value: Value;
  default: Value;
};

/** The forms in the order of the page. */
export const FORMS = ['site', 'time_zone', 'retention', 'limits', 'addresses', 'log_in', 'backups'] as const;

/** Settings by form: the known forms in their order, then any the server knows and this page does not. */
export function grouped(settings: readonly Setting[]): { form: string; settings: Setting[] }[] {
  const names = [...new Set<string>([...FORMS, ...settings.map((each) => each.form)])];
  return names
    .map((form) => ({ form, settings: settings.filter((each) => each.form === form) }))
    .filter((group) => group.settings.length > 0);
}

/** Whether a setting is given by something that starts the server, so that this page cannot change it. */
export function fixed(setting: Setting): boolean {
  return setting.source === 'file' || setting.source === 'flag' || setting.source === 'environment';
}

export type Fault = 'empty' | 'whole' | 'range' | 'range_or_0' | 'url';

/** What is wrong with a value, or null. */
export function fault(setting: Setting, value: Value): Fault | null {
  if (setting.kind === 'integer') {
    if (value === null || value === '') return 'empty';
    const n = Number(value);
    if (!Number.isInteger(n)) return 'whole';
    if ((setting.min !== null && n < setting.min) || (setting.max !== null && n > setting.max)) return 'range';
    return null;
  }
  if (setting.kind === 'bytes') {
    if (value === null || value === '') return 'empty';
    const n = Number(value);
    if (!Number.isInteger(n)) return 'whole';
    const within = (setting.min === null || n >= setting.min) && (setting.max === null || n <= setting.max);
    return n === 0 || within ? null : 'range_or_0';
  }
  const text = String(value ?? '').trim();
  if (setting.kind === 'url') {
    if (!text) return null;
    try {
      return /^https?:$/.test(new URL(text).protocol) ? null : 'url';
    } catch {
      return 'url';
    }
  }
  if (setting.kind === 'text' || setting.kind === 'zone') return text ? null : 'empty';
  return null;
}

/** What of a form differs from what is stored. */
export function changes(settings: readonly Setting[], typed: Readonly<Record<string, Value>>): Record<string, Value> {
  const changed: Record<string, Value> = {};
  for (const setting of settings) {
    const value = typed[setting.key];
    if (value === undefined || fixed(setting)) continue;
    const clean = typeof value === 'string' ? value.trim() : value;
    if (clean !== setting.value) changed[setting.key] = clean;
  }
  return changed;
}
