import { expect, it } from 'vitest';
import { isStillAt } from './place';

const at = (left: number, top: number) => ({ left, top }) as DOMRect;
const anchor = (left: number, top: number) => ({ getBoundingClientRect: () => at(left, top) });

it('an anchor that moved by less than a pixel is where it was', () => {
  expect(isStillAt(anchor(10, 273.65625), at(10, 273.359375))).toBe(true);
  expect(isStillAt(anchor(10, 275), at(10, 273.359375))).toBe(false);
  expect(isStillAt(anchor(12, 273), at(10, 273))).toBe(false);
  expect(isStillAt(null, at(10, 273))).toBe(false);
  expect(isStillAt(anchor(10, 273), undefined)).toBe(false);
});
