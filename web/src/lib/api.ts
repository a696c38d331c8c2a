// The only place that asks the server, besides the stream.
import { feedClock } from './clock.svelte';
import { t } from './i18n.svelte';

export type QueryValue = string | number | boolean | undefined | null | readonly (string | number)[];
export type Query = Record<string, QueryValue>;

/** What the server refused, or that it could not be reached (`code` is `offline`, `status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    /** A sentence for people. */
    readonly detail: string,
    /** Seconds the server asks to wait. */
    readonly retryAfter?: number,
    /** The whole answer, for members beyond type and detail. */
    readonly body: Record<string, unknown> = {},
  ) {
    super(`${code}: ${detail}`);
    this.name = 'ApiError';
  }
}

/** Others listen here: the session, the notices. Set once, at start. */
export const hooks = {
  /** The server does not know the session (any more). True once there is a new one: then the request is worth repeating. */
  unauthorized: async (): Promise<boolean> => false,
  /** An answer arrived, whatever it says. */
  answered: (): void => {},
  /** No answer. */
  silent: (): void => {},
  /** A write was refused for lack of space. */
  full: (): void => {},
};

/** A path of the page's own API: `admin('users/')`. */
export function admin(path: string): string {
  return `/api/admin/v1/${path}`;
}

/** `path` with `query`: empty values are left out, arrays joined by commas. */
export function withQuery(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue;
    if (Array.isArray(value)) {
      if (value.length > 0) params.set(name, value.join(','));
    } else params.set(name, String(value));
  }
  const text = params.toString();
  return text ? `${path}${path.includes('?') ? '&' : '?'}${text}` : path;
}

/** Seconds of a `Retry-After` header, in either of its forms. */
export function retryAfter(header: string | null, now = Date.now()): number | undefined {
  if (!header) return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}

async function refusal(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  let body: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (parsed && typeof parsed === 'object') body = parsed as Record<string, unknown>;
  } catch {
    // A proxy in between may answer in HTML.
  }
  const code = typeof body['errorType'] === 'string' ? body['errorType'] : `http_${response.status}`;
  const detail = typeof body['errorDetail'] === 'string' ? body['errorDetail'] : t('common.http', { status: String(response.status) });
  return new ApiError(response.status, code, detail, retryAfter(response.headers.get('Retry-After')), body);
}

/** `patient: false` has a 401 thrown at once instead of waiting for a new log-in. */
type Options = { query?: Query; body?: unknown; signal?: AbortSignal; patient?: boolean };

async function ask<T>(method: string, path: string, options: Options, again = false): Promise<T> {
  const { query, body, signal, patient = true } = options;
  const init: RequestInit = { method, credentials: 'same-origin', headers: { Accept: 'application/json' } };
  if (signal) init.signal = signal;
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { ...init.headers, 'Content-Type': 'application/json' };
  }
  const asked = Date.now();
  let response: Response;
  try {
    response = await fetch(withQuery(path, query), init);
  } catch (cause) {
    if (signal?.aborted) throw cause;
    hooks.silent();
    throw new ApiError(0, 'offline', t('common.offline'));
  }
  feedClock(response.headers.get('Date'), asked, Date.now());
  hooks.answered();
  if (!response.ok) {
    const error = await refusal(response);
    // A wrong password is a 401 too, but says nothing about the session.
    // Nothing was done yet, so after the log-in the same request goes on where the page was.
    if (error.status === 401 && error.code !== 'wrong_login' && !again) {
      const answer = hooks.unauthorized();
      if (patient && (await answer)) {
        signal?.throwIfAborted();
        return ask<T>(method, path, options, true);
      }
    }
    if (error.status === 507) hooks.full();
    throw error;
  }
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  try {
    return (text ? JSON.parse(text) : undefined) as T;
  } catch {
    throw new ApiError(response.status, 'bad_answer', t('common.badAnswer'));
  }
}

/** Requests, each answering with the parsed body. They throw `ApiError`; an aborted one throws `AbortError`. */
export const api = {
  get: <T>(path: string, query?: Query, options: { signal?: AbortSignal; patient?: boolean } = {}): Promise<T> =>
    ask<T>('GET', path, { ...options, ...(query ? { query } : {}) }),
  post: <T>(path: string, body?: unknown, options: { signal?: AbortSignal } = {}): Promise<T> => ask<T>('POST', path, { ...options, body }),
  put: <T>(path: string, body?: unknown): Promise<T> => ask<T>('PUT', path, { body }),
  del: <T>(path: string, query?: Query): Promise<T> => ask<T>('DELETE', path, query ? { query } : {}),
};
