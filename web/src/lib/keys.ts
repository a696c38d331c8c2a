// One keyboard for the page: a key has one meaning at a time, the one registered last.

export type Shortcut = { key: string; fn: (event: KeyboardEvent) => void; help?: string };

/** How long `g` waits for its letter. */
const SEQUENCE_MS = 1500;
const registered: Shortcut[] = [];
let pending = '';
let pendingUntil = 0;

/** Whether keys now belong to a field. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'submit', 'range', 'file'].includes(target.type);
}

/** Keys that a focused control needs for itself. */
function belongsToControl(key: string, target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('[role=menu],[role=listbox],[role=tablist],[role=radiogroup],[role=slider]')) return key !== 'Escape';
  if (key === 'Enter' || key === ' ') return target.closest('a,button,summary,input,[role=button]') !== null;
  return false;
}

/** The name of a key press: `j`, `Shift+j`, `?`, `Escape`. Shift counts with letters and named keys only. */
export function nameOf(event: KeyboardEvent): string {
  const letter = event.key.length === 1;
  if (letter && event.key.toLowerCase() === event.key.toUpperCase()) return event.key;
  const key = letter ? event.key.toLowerCase() : event.key;
  return event.shiftKey ? `Shift+${key}` : key;
}

function find(key: string): Shortcut | undefined {
  return registered.findLast((one) => one.key === key);
}

/** Gives a key press to whoever registered it. */
export function press(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isTyping(event.target) || belongsToControl(event.key, event.target)) return;
  // A modal dialog owns the keyboard; only keys pressed by its own code get through.
  if (document.querySelector('dialog:modal, [aria-modal=true]')) return;
  const key = nameOf(event);
  const sequence = pending && Date.now() < pendingUntil ? find(`${pending} ${key}`) : undefined;
  pending = '';
  const one = sequence ?? find(key);
  if (one) {
    event.preventDefault();
    one.fn(event);
  } else if (registered.some((other) => other.key.startsWith(`${key} `))) {
    pending = key;
    pendingUntil = Date.now() + SEQUENCE_MS;
  }
}

/**
 * Gives `key` a meaning until the returned function is called (return it from `$effect` or call it in `onDestroy`).
 * `g e` is a sequence; `Shift+j`, `ArrowDown`, `Delete`, `Escape` are names as browsers say them. Not while typing.
 */
export function shortcut(key: string, fn: (event: KeyboardEvent) => void, options: { help?: string } = {}): () => void {
  const one: Shortcut = { key, fn, ...options };
  registered.push(one);
  return () => {
    const at = registered.indexOf(one);
    if (at >= 0) registered.splice(at, 1);
  };
}

/** Several at once: `$effect(() => useKeys({ j: down, k: up }))`. */
export function useKeys(map: Record<string, (event: KeyboardEvent) => void>): () => void {
  const ends = Object.entries(map).map(([key, fn]) => shortcut(key, fn));
  return () => ends.forEach((end) => end());
}

/** What is registered now and has a help text. */
export function helped(): Shortcut[] {
  return registered.filter((one) => one.help);
}

if (typeof document !== 'undefined') document.addEventListener('keydown', press);
