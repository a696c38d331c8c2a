// The audit log's filters and their place in the address bar.
import { parseLocal, type Zone } from '../../lib/time';

/** What the log is narrowed to; an empty text narrows nothing. */
export interface AuditFilters {
  q: string;
  who: string;
  action: string;
  from: string;
  to: string;
}

/** Filters of an address; times that cannot be read are left out. */
export function readFilters(query: URLSearchParams): AuditFilters {
  const text = (name: string): string => (query.get(name) ?? '').slice(0, 200);
  const time = (name: string): string => (Number.isNaN(Date.parse(text(name))) ? '' : text(name));
  return { q: text('q'), who: text('who'), action: text('action'), from: time('from'), to: time('to') };
}

/** What the server is asked with: only filters that narrow. */
export function auditQuery(filters: AuditFilters): Record<string, string> {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== ''));
}

/** The path that exports what the filters let through. */
export function exportPath(filters: AuditFilters): string {
  const text = new URLSearchParams(auditQuery(filters)).toString();
  return `/api/admin/v1/audit/export/${text ? `?${text}` : ''}`;
}

/** A time typed in the zone on screen as RFC 3339; "" for nothing, null for what cannot be read. */
export function typedTime(text: string, zone: Zone): string | null {
  if (!text.trim()) return '';
  const at = parseLocal(text.trim(), zone);
  return at === null ? null : new Date(at).toISOString().replace('.000Z', 'Z');
}
