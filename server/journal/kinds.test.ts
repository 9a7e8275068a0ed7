import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { EVENT_KINDS, groupOf, INTENTS, severityOf } from './kinds.ts';

const server = fileURLToPath(new URL('..', import.meta.url));
const sources = readdirSync(server, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !/Suite\.ts$/.test(file),
);

/** `append('kind', …)` and the like; the kind may stand on the next line, and a journal before it. */
const WRITES = /(?:append|note|noteIfPossible)\(\s*(?:[\w.#]*ournal,\s*)?['`]([a-z_0-9]+\.[a-z_0-9]+)['`]/g;

it('every kind that the node writes is in the table', () => {
  const written = sources.flatMap((file) =>
    [...readFileSync(join(server, file), 'utf8').matchAll(WRITES)].map((match) => `${file}: ${match[1]}`),
  );
  expect(written.length).toBeGreaterThan(20);
  expect(written.filter((line) => !Object.hasOwn(EVENT_KINDS, line.split(': ')[1]!))).toEqual([]);
});

it('an intent is closed by kinds that exist', () => {
  for (const closers of INTENTS.values()) {
    for (const kind of closers) expect(Object.hasOwn(EVENT_KINDS, kind), kind).toBe(true);
  }
  expect(INTENTS.get('reorg.detected')).toEqual(['reorg.recovered']);
});

it('a kind of another version has a group and is no alarm', () => {
  expect(groupOf('later.kind')).toBe('later');
  expect(severityOf('later.kind')).toBe('info');
  expect(severityOf('toString')).toBe('info');
});
