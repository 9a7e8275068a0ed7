/**
 * A node on string chains with a journal on disk, to be killed: `node journalVictim.ts FOLDER LIFE HOOK`. Each thing
 * that it is about to do, or has done, is a hook; it kills itself at the hook of number HOOK, with no chance to tidy
 * up. It writes each event that was acknowledged to standard output. LIFE `first` sees L1 reorg; `next` starts after.
 */
import { existsSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Journal } from '../journal/journal.ts';
import { lastingJournal } from '../journal/lasting.ts';
import { openJournal } from '../journal/sqlite.ts';
import { world } from './driverWorld.ts';
import { chainText } from './stringChain.ts';

export const BEFORE = 'abcdef';
export const AFTER = 'abcxyzw';
export const COMMITS = { b: 'ABC', d: 'ABCDE', f: 'ABCDEFG', y: 'ABCDX', w: 'ABCDXY' };

const [folder = '', life = 'next', at = '0'] = process.argv.slice(2);
let hooks = 0;

/** Synchronous, so that what was written is out, whatever becomes of the process next. */
const say = (line: object): void => void writeSync(1, `${JSON.stringify(line)}\n`);

function hook(name: string): void {
  hooks += 1;
  if (hooks !== Number(at)) return;
  say({ killedAt: name });
  process.kill(process.pid, 'SIGKILL');
}

async function hooked<T>(name: string, work: () => Promise<T>): Promise<T> {
  hook(`before ${name}`);
  const result = await work();
  hook(`after ${name}`);
  return result;
}

const clock = { now: () => 1_700_000_000_000 };
const store = await hooked('open', () => openJournal({ file: join(folder, 'journal.db'), clock }));
const lasting = lastingJournal(store, { clock });
const journal: Pick<Journal, 'append' | 'list'> = {
  append: (kind, payload, ref) =>
    hooked(kind, async () => {
      const event = await lasting.append(kind, payload, ref);
      say({ seq: event.seq, kind });
      return event;
    }),
  list: (query) => lasting.list(query),
};

// The engine outlives the driver, as an engine in a process of its own does.
const engineFile = join(folder, 'engine');
const kept = existsSync(engineFile) ? readFileSync(engineFile, 'utf8').split('/') : ['A', '', ''];
const w = world(life === 'first' ? BEFORE : AFTER, COMMITS, { engineChain: kept[0]!, journal });
w.engine.label(kept[1] || null, kept[2] || null);
const { forkchoiceUpdated, newPayload } = w.engine;
w.engine.newPayload = (block) => hooked('newPayload', () => newPayload.call(w.engine, block));
w.engine.forkchoiceUpdated = (state) =>
  hooked('forkchoiceUpdated', async () => {
    const answer = await forkchoiceUpdated.call(w.engine, state);
    await keepEngine();
    return answer;
  });

async function keepEngine(): Promise<void> {
  const { latest, safe, finalized } = await w.engine.labels();
  const refs = [];
  for (let number = 0; number <= latest.number; number++) refs.push((await w.engine.blockByNumber(number))!);
  const text = chainText(refs);
  const upTo = (block: { number: number } | null) => (block === null ? '' : text.slice(0, block.number + 1));
  writeFileSync(engineFile, [text, upTo(safe), upTo(finalized)].join('/'));
}

await journal.append('node.started', {});
await w.settle();
if (life === 'first') {
  w.l1.switchTo(AFTER);
  await w.settle();
}
await journal.append('node.stopped', {});
await hooked('close', () => lasting.close());
say({ done: true, hooks, heads: await w.heads() });
