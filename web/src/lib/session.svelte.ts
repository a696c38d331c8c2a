// Who is logged in, and where.
import { admin, api, ApiError, hooks } from './api';
import type { Role, Schema } from './types';

export type { Role };
export type NoticeLevel = 'danger' | 'warn';
export type Notice = { code: string; level: NoticeLevel; params: Record<string, string | number> };
export type SessionState = 'loading' | 'setup' | 'anonymous' | 'in' | 'ended';
/** What `@session/` answers. */
export type SessionBody = Omit<Schema<'SessionBody'>, 'notices' | 'idle_until'> & { notices: Notice[]; idle_until: string | null };

const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

class Session {
  state = $state<SessionState>('loading');
  user = $state.raw<{ name: string; role: Role } | null>(null);
  site = $state.raw<{ name: string; time_zone: string }>({ name: '', time_zone: 'UTC' });
  notices = $state.raw<Notice[]>([]);
  /** When the server ends an idle session (ms), as last heard. */
  idleUntil = $state<number | null>(null);
  /** Why the first answer is missing, while `loading`. */
  error = $state.raw<unknown>(null);

  /** Takes over what the server says. */
  take(body: SessionBody): void {
    const other = this.state === 'ended' && this.user && this.user.name !== body.user.name;
    this.user = body.user;
    this.site = body.site;
    this.notices = body.notices;
    this.idleUntil = body.idle_until ? Date.parse(body.idle_until) : null;
    this.error = null;
    this.state = 'in';
    settle(!other);
    // Somebody else took the seat: what is on screen was not loaded with these rights.
    if (other) location.reload();
  }

  /** Asks the server who we are. Never throws; a failure before the first answer is kept in `error`. */
  async refresh(): Promise<void> {
    this.error = null;
    try {
      this.take(await api.get<SessionBody>(admin('session/'), undefined, { patient: false }));
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) {
        if (this.state === 'loading') this.error = error;
        return;
      }
      if (this.state === 'ended') return;
      await this.#readSite();
    }
  }

  async #readSite(): Promise<void> {
    try {
      const site = await api.get<Schema<'SiteBody'>>(admin('site/'));
      this.site = { ...this.site, name: site.name };
      this.state = site.setup_required ? 'setup' : 'anonymous';
    } catch (error) {
      if (this.state === 'loading') this.error = error;
    }
  }

  /** Nobody is logged in: after the set-up was done by somebody else, or a log-out. */
  leave(): void {
    this.user = null;
    this.notices = [];
    this.idleUntil = null;
    this.state = 'anonymous';
    settle(false);
  }
}

/** The one session of this page. */
export const session = new Session();

/** Requests that wait for the dialog "Session ended". */
let waiting: ((goOn: boolean) => void)[] = [];

function settle(goOn: boolean): void {
  const all = waiting;
  waiting = [];
  for (const answer of all) answer(goOn);
}

hooks.unauthorized = async () => {
  if (session.state === 'in') session.state = 'ended';
  if (session.state !== 'ended') return false;
  return new Promise((resolve) => waiting.push(resolve));
};

/** Whether the user has at least this role. Reactive. */
export function can(role: Role): boolean {
  return session.user !== null && RANK[session.user.role] >= RANK[role];
}

/** Logs in. Throws `ApiError` `wrong_login`, `too_many_attempts`, `offline`. */
export async function logIn(name: string, password: string): Promise<void> {
  session.take(await api.post<SessionBody>(admin('session/'), { name, password }));
}

/** Logs out; the page goes to the log-in even when the server cannot be told. */
export async function logOut(): Promise<void> {
  try {
    await api.del(admin('session/'));
  } finally {
    session.leave();
  }
}

/** Asks again who we are, and for the notices. */
export function refresh(): Promise<void> {
  return session.refresh();
}
