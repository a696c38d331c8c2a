// What the user likes, kept in this browser only. Assign whole values: `prefs.cols = [...]`.
import { initialLang, setLang, type Lang } from './i18n.svelte';

export type Theme = 'auto' | 'light' | 'dark';
export type ZoneChoice = 'site' | 'browser' | 'utc';

/** The columns of the events list before anybody chose. */
export const DEFAULT_COLS = ['picture', 'time', 'camera', 'type', 'tags'];

function read(name: string): string | null {
  try {
    return localStorage.getItem(`wp.${name}`);
  } catch {
    return null;
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(`wp.${name}`, value);
  } catch {
    // Storage full or forbidden: the choice holds until the page is left.
  }
}

function oneOf<T extends string>(value: string | null, allowed: readonly T[], otherwise: T): T {
  return allowed.find((one) => one === value) ?? otherwise;
}

const themeOf = (value: string | null): Theme => oneOf(value, ['auto', 'light', 'dark'], 'auto');
const zoneOf = (value: string | null): ZoneChoice => oneOf(value, ['site', 'browser', 'utc'], 'site');
const colsOf = (value: string | null): string[] => value?.split(',').filter(Boolean) ?? DEFAULT_COLS;

function showTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

class Prefs {
  #theme = $state(themeOf(read('theme')));
  #zone = $state(zoneOf(read('zone')));
  #lang = $state<Lang>(initialLang());
  #cols = $state.raw(colsOf(read('cols')));
  #sound = $state(read('sound') === '1');

  /** `auto` follows the system. Shown at once as `html[data-theme]`. */
  get theme(): Theme {
    return this.#theme;
  }
  set theme(value: Theme) {
    this.#theme = value;
    write('theme', value);
    showTheme(value);
  }

  /** Whose clock the times on screen show. */
  get zone(): ZoneChoice {
    return this.#zone;
  }
  set zone(value: ZoneChoice) {
    this.#zone = value;
    write('zone', value);
  }

  /** The chosen language; `lang()` in i18n is the one on screen. */
  get lang(): Lang {
    return this.#lang;
  }
  set lang(value: Lang) {
    this.#lang = value;
    write('lang', value);
    void setLang(value);
  }

  /** Columns of the events list, in order. */
  get cols(): string[] {
    return this.#cols;
  }
  set cols(value: string[]) {
    this.#cols = value;
    write('cols', value.join(','));
  }

  /** Whether Live plays a tone. */
  get sound(): boolean {
    return this.#sound;
  }
  set sound(value: boolean) {
    this.#sound = value;
    write('sound', value ? '1' : '0');
  }

  /** Takes over what another tab of this browser chose. */
  take(key: string | null, value: string | null): void {
    if (key === 'wp.theme') showTheme((this.#theme = themeOf(value)));
    else if (key === 'wp.zone') this.#zone = zoneOf(value);
    else if (key === 'wp.sound') this.#sound = value === '1';
    else if (key === 'wp.lang') void setLang((this.#lang = oneOf<Lang>(value, ['en', 'de'], 'en')));
  }
}

/** The one set of preferences. */
export const prefs = new Prefs();

if (typeof window !== 'undefined') {
  showTheme(prefs.theme);
  window.addEventListener('storage', (event) => prefs.take(event.key, event.newValue));
}
