// A log-in form: the page's and the one in the dialog "Session ended".
import { ApiError } from './api';
import { t } from './i18n.svelte';
import { logIn } from './session.svelte';

/** Name, password, and what came of trying them. */
export class LogIn {
  name = $state('');
  password = $state('');
  busy = $state(false);
  #reason = $state<'wrong' | 'offline' | 'empty' | null>(null);
  #other = $state('');
  /** Seconds until the server listens again. */
  #wait = $state(0);

  constructor(name = '') {
    this.name = name;
  }

  /** What the alert says; empty when there is nothing to say. */
  get message(): string {
    if (this.#wait > 0) return this.#wait >= 60 ? t('login.too_many', { n: Math.ceil(this.#wait / 60) }) : t('login.too_many_s', { n: this.#wait });
    return this.#reason ? t(`login.${this.#reason}`) : this.#other;
  }

  /** Too many attempts: the button waits. */
  get locked(): boolean {
    return this.#wait > 0;
  }

  /** True once logged in. */
  async submit(): Promise<boolean> {
    if (this.busy || this.locked) return false;
    this.#other = '';
    if (!this.name || !this.password) {
      this.#reason = 'empty';
      return false;
    }
    this.#reason = null;
    this.busy = true;
    try {
      await logIn(this.name.trim(), this.password);
      return true;
    } catch (error) {
      this.#refused(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  #refused(error: unknown): void {
    const code = error instanceof ApiError ? error.code : '';
    if (code === 'wrong_login') {
      this.#reason = 'wrong';
      this.password = '';
    } else if (code === 'offline') this.#reason = 'offline';
    else if (error instanceof ApiError && error.status === 429) this.#count(Math.ceil(error.retryAfter ?? 60));
    else this.#other = error instanceof ApiError ? error.detail : t('common.unexpected');
  }

  #count(seconds: number): void {
    this.#wait = seconds;
    const end = Date.now() + seconds * 1000;
    const timer = setInterval(() => {
      this.#wait = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      if (this.#wait === 0) clearInterval(timer);
    }, 1000);
  }
}
