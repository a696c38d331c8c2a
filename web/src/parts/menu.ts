// The lines of a menu and how the keyboard moves among them.

/** One line of a menu. `checked` given (or menu kind radio) makes it a radio; `line` draws a rule above it. */
export interface MenuItem {
  label: string;
  onselect?: () => void;
  icon?: string;
  danger?: boolean;
  disabled?: boolean;
  /** Why it is disabled. */
  reason?: string;
  checked?: boolean;
  href?: string;
  download?: boolean;
  line?: boolean;
}

/** The line a key leads to from `at`, round at both ends; null for other keys. */
export function moved(key: string, at: number, count: number): number | null {
  if (count === 0) return null;
  if (key === 'ArrowDown') return (at + 1) % count;
  if (key === 'ArrowUp') return at <= 0 ? count - 1 : at - 1;
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  return null;
}

const PAUSE_MS = 600;

/** Finds lines by what is typed: letters typed close together are one word. */
export class Finder {
  #typed = '';
  #at = 0;

  /** The next line that begins with what was typed, or null. */
  find(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>, labels: readonly string[], at: number, now = Date.now()): number | null {
    if (event.key.length !== 1 || event.key === ' ' || event.ctrlKey || event.metaKey || event.altKey) return null;
    this.#typed = now - this.#at < PAUSE_MS ? this.#typed + event.key.toLowerCase() : event.key.toLowerCase();
    this.#at = now;
    // A first letter looks behind the current line, a longer word also at it.
    const start = Math.max(0, at) + (this.#typed.length > 1 || at < 0 ? 0 : 1);
    for (let step = 0; step < labels.length; step += 1) {
      const index = (start + step) % labels.length;
      if (labels[index]?.trim().toLowerCase().startsWith(this.#typed)) return index;
    }
    return null;
  }
}
