import { afterEach, expect, it, vi } from 'vitest';
import { copy, randomId } from './copy';

afterEach(() => vi.unstubAllGlobals());

it('copies over plain HTTP, where there is no clipboard, and gives the focus back', async () => {
  document.body.innerHTML = '<button>x</button>';
  document.querySelector('button')!.focus();
  let seen = '';
  document.execCommand = vi.fn(() => {
    seen = (document.activeElement as HTMLTextAreaElement).value;
    return true;
  });
  expect(await copy('wp.t1')).toBe(true);
  expect([seen, document.activeElement?.tagName, document.querySelector('textarea')]).toEqual(['wp.t1', 'BUTTON', null]);
  document.execCommand = () => {
    throw new Error('refused');
  };
  expect(await copy('x')).toBe(false);
});

it('makes ids without randomUUID', () => {
  expect(randomId(4)).toMatch(/^[0-9a-f]{8}$/);
});
