import { expect, test } from 'vitest';
import { LogTail } from './logTail.ts';

const tail = () => new LogTail({ maxLines: 3, maxChars: 10, now: () => 7 });

test('lines are put together from the pieces a pipe gives, each stream for itself', () => {
  const log = tail();
  expect(log.write('out', 'on')).toEqual([]);
  expect(log.write('err', 'trouble\n')).toEqual(['trouble']);
  expect(log.write('out', 'e\r\ntwo\nthr')).toEqual(['one', 'two']);
  expect(log.lines().map(({ stream, text, at }) => `${stream} ${text} ${at}`)).toEqual([
    'err trouble 7',
    'out one 7',
    'out two 7',
  ]);
  expect(log.lastWords()).toBe('trouble');
});

test('neither many lines nor an endless one take more memory than the bounds say', () => {
  const log = tail();
  for (let count = 0; count < 1_000; count++) log.write('out', `${count}\n`);
  expect(log.lines().map(({ text }) => text)).toEqual(['997', '998', '999']);
  for (let count = 0; count < 1_000; count++) log.write('err', 'x'.repeat(100));
  log.write('err', '\n');
  expect(log.lines().at(-1)?.text).toBe('x'.repeat(10));
});
