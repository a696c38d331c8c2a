import { expect, test } from 'vitest';
import { fitting } from './fit';

const usual = ['picture', 'time', 'camera', 'type', 'tags'];

test('columns give way in order, and only when they must', () => {
  const alone = { drawer: false, offset: false };
  expect(fitting(usual, 1190, alone)).toEqual(usual);
  expect(fitting(usual, 662, alone)).toEqual(['time', 'camera', 'type', 'tags']);
  expect(fitting(usual, 608, { ...alone, drawer: true })).toEqual(['picture', 'time', 'camera', 'type']);
  expect(fitting(usual, 510, { ...alone, drawer: true })).toEqual(['time', 'camera', 'type']);
  expect(fitting([...usual, 'received', 'id'], 800, alone)).toEqual(usual.concat('id'));
  expect(fitting(usual, 0, alone)).toEqual(usual);
  expect(fitting(['id'], 50, alone)).toEqual(['id']);
});
