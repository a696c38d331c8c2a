import { afterEach, expect, it, vi } from 'vitest';
import { helped, shortcut, useKeys } from './keys';

const press = (key: string, init: KeyboardEventInit = {}, target: Element = document.body) =>
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...init }));
afterEach(() => document.body.replaceChildren());

it('calls what was registered last, until it ends', () => {
  const [first, second] = [vi.fn(), vi.fn()];
  const endFirst = shortcut('j', first);
  const endSecond = shortcut('j', second);
  press('j');
  endSecond();
  press('j');
  endFirst();
  press('j');
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 1]);
});

it('knows sequences, shift and signs', () => {
  const [events, extend, ask] = [vi.fn(), vi.fn(), vi.fn()];
  const end = useKeys({ 'g e': events, 'Shift+j': extend, '?': ask });
  press('e');
  press('g');
  press('e');
  press('J', { shiftKey: true });
  press('?', { shiftKey: true });
  expect([events, extend, ask].map((fn) => fn.mock.calls.length)).toEqual([1, 1, 1]);
  end();
});

it('keeps still while typing, with Ctrl, under a dialog, and for keys a control needs', () => {
  const fn = vi.fn();
  const end = useKeys({ j: fn, Enter: fn });
  document.body.innerHTML = '<input><textarea></textarea><button>x</button>';
  for (const tag of ['input', 'textarea']) press('j', {}, document.querySelector(tag)!);
  press('j', { ctrlKey: true });
  press('Enter', {}, document.querySelector('button')!);
  expect(fn).not.toHaveBeenCalled();
  press('j', {}, document.querySelector('button')!);
  expect(fn).toHaveBeenCalledOnce();
  document.body.insertAdjacentHTML('beforeend', '<div aria-modal="true"></div>');
  press('j');
  expect(fn).toHaveBeenCalledOnce();
  end();
});

it('lists what has a help text', () => {
  const end = shortcut('p', () => {}, { help: 'Pause' });
  expect(helped().map(({ key, help }) => [key, help])).toEqual([['p', 'Pause']]);
  end();
});
