// What keys, clicks and fingers do to the list.
import { t } from '../../lib/i18n.svelte';
import { shortcut } from '../../lib/keys';
import { toast } from '../../lib/toasts.svelte';
import type { ListModel } from './model.svelte';

const LONG_PRESS_MS = 500;
const SLOP_PX = 10;

/** What the list can be asked to do. */
export interface Hands {
  model: ListModel;
  /** Id of the event whose drawer is open. */
  openId(): number | null;
  open(id: number | null): void;
  /** Gives a row the keyboard. */
  focus(index: number): void;
  toggleAll(): void;
  showNew(): void;
  exportSome(): void;
  /** Only with the right to. */
  deleteSome(): void;
}

/** Registers the keys of the list; the answer takes them back. */
export function listKeys(hands: Hands): () => void {
  const { model } = hands;
  const { selection } = model;
  const move = (step: 1 | -1, extend: boolean): void => {
    const total = model.total ?? 0;
    if (total === 0) return;
    const onRow = document.activeElement?.closest('[data-index]') !== null;
    const first = !onRow && model.cursor === 0 && selection.from === null && hands.openId() === null;
    const to = first ? 0 : Math.min(total - 1, Math.max(0, model.cursor + step));
    if (extend) {
      selection.from ??= model.cursor;
      const left = model.pages?.row(model.cursor);
      // Back towards the beginning gives rows free again.
      if (left && Math.abs(to - selection.from) < Math.abs(model.cursor - selection.from)) selection.set(left.id, false);
      warn(model.selectRange(selection.from, to));
    }
    model.cursor = to;
    hands.focus(to);
    const row = model.pages?.row(to);
    if (row && hands.openId() !== null && !extend) hands.open(row.id);
  };
  const select = (): void => {
    const row = model.pages?.row(model.cursor);
    if (row && !model.gone.has(row.id)) selection.toggle(row.id, model.cursor);
  };
  const enter = (): void => {
    const row = model.pages?.row(model.cursor);
    if (row) hands.open(row.id);
  };
  const escape = (): void => {
    if (hands.openId() !== null) {
      hands.open(null);
      hands.focus(model.cursor);
    } else selection.clear();
  };
  const ends = [
    shortcut('j', () => move(1, false), { help: t('list.key_next') }),
    shortcut('k', () => move(-1, false), { help: t('list.key_prev') }),
    shortcut('ArrowDown', () => move(1, false)),
    shortcut('ArrowUp', () => move(-1, false)),
    shortcut('x', select, { help: t('list.key_select') }),
    shortcut('Shift+j', () => move(1, true), { help: t('list.key_extend') }),
    shortcut('Shift+k', () => move(-1, true)),
    shortcut('Shift+ArrowDown', () => move(1, true)),
    shortcut('Shift+ArrowUp', () => move(-1, true)),
    shortcut('a', hands.toggleAll, { help: t('list.key_all') }),
    shortcut('Enter', enter, { help: t('list.key_open') }),
    shortcut('Escape', escape, { help: t('list.key_close') }),
    shortcut('.', hands.showNew, { help: t('list.key_new') }),
    shortcut('e', hands.exportSome, { help: t('list.key_export') }),
    shortcut('Delete', hands.deleteSome, { help: t('list.key_delete') }),
  ];
  return () => ends.forEach((end) => end());
}

function warn(missing: number): void {
  if (missing > 0) toast({ text: t('list.missing', { n: missing }) });
}

/** Chooses what a click with Shift, Ctrl or on the box means. */
export function choose(model: ListModel, index: number, range: boolean): void {
  const { selection } = model;
  const row = model.pages?.row(index);
  if (!row || model.gone.has(row.id)) return;
  if (range && selection.from !== null) warn(model.selectRange(selection.from, index));
  else selection.toggle(row.id, index);
  model.cursor = index;
}

function indexOf(target: EventTarget | null): number | null {
  const at = target instanceof Element ? target.closest<HTMLElement>('[data-index]')?.dataset['index'] : undefined;
  return at === undefined ? null : Number(at);
}

/** Mouse and touch on the rows. */
export function pointers(hands: Hands, phone: () => boolean): {
  onclick: (e: MouseEvent) => void;
  onpointerdown: (e: PointerEvent) => void;
  oncontextmenu: (e: MouseEvent) => void;
} {
  const { model } = hands;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let held = false;
  let touched = false;

  function onpointerdown(e: PointerEvent): void {
    held = false;
    touched = e.pointerType === 'touch';
    if (e.shiftKey) getSelection()?.removeAllRanges();
    const index = indexOf(e.target);
    if (!touched || index === null) return;
    const { clientX, clientY } = e;
    const end = (): void => {
      clearTimeout(timer);
      removeEventListener('pointermove', moved);
      removeEventListener('pointerup', end);
      removeEventListener('pointercancel', end);
    };
    const moved = (to: PointerEvent): void => {
      if (Math.hypot(to.clientX - clientX, to.clientY - clientY) > SLOP_PX) end();
    };
    addEventListener('pointermove', moved);
    addEventListener('pointerup', end);
    addEventListener('pointercancel', end);
    timer = setTimeout(() => {
      end();
      held = true;
      choose(model, index, false);
      navigator.vibrate?.(10);
    }, LONG_PRESS_MS);
  }

  function onclick(e: MouseEvent): void {
    if (held) {
      held = false;
      return;
    }
    const index = indexOf(e.target);
    // Boxes, menus and links in the row do their own work.
    if (index === null || (e.target as Element).closest('button,a,input,label,[role=menu]')) return;
    const row = model.pages?.row(index);
    if (!row) return;
    if (e.shiftKey || e.ctrlKey || e.metaKey) choose(model, index, e.shiftKey);
    else if (phone() && model.selection.count > 0) choose(model, index, false);
    else if (!getSelection()?.toString()) {
      model.cursor = index;
      hands.open(row.id);
    }
  }

  function oncontextmenu(e: MouseEvent): void {
    if (touched && indexOf(e.target) !== null) e.preventDefault();
  }

  return { onclick, onpointerdown, oncontextmenu };
}
