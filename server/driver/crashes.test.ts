import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type World, world } from '../testing/driverWorld.ts';

/**
 * Faults C1 to C5 of design/reliability.md: SIGKILL before and after each call by which the driver changes anything.
 * A killed process makes no further call; the next one has L1, the engine and the journal, and nothing else.
 */
const COMMITS = { c: 'ABC', e: 'ABCDE', g: 'ABCDEFG', abcdx: 'ABCXX', abcdxyz: 'ABCXXYY' };

type Call = 'journal' | 'newPayload' | 'update';

class Killed extends Error {}

/** Lets `at` calls of that kind happen, then kills before or after the next; answers whether it came to that. */
function killAt(w: World, kind: Call, at: number, when: 'before' | 'after'): { over: () => boolean } {
  let left = at;
  let dead = false;
  const guard = <T>(call: Call, act: () => T): T => {
    if (dead) throw new Killed();
    if (call !== kind || left-- > 0) return act();
    dead = true;
    if (when === 'after') act();
    throw new Killed();
  };
  const push = w.events.push.bind(w.events);
  const { engine } = w;
  const real = { newPayload: engine.newPayload.bind(engine), update: engine.forkchoiceUpdated.bind(engine) };
  w.events.push = (...events) => guard('journal', () => push(...events));
  engine.newPayload = async (block) => guard('newPayload', () => real.newPayload(block));
  engine.forkchoiceUpdated = async (state) => guard('update', () => real.update(state));
  return {
    over: () => {
      w.events.push = push;
      engine.newPayload = real.newPayload;
      engine.forkchoiceUpdated = real.update;
      return dead;
    },
  };
}

/** Follows, meets an L1 reorg with an unsafe head above, and follows the new branch. */
async function life(w: World): Promise<void> {
  await w.settle();
  w.engine.moveHead('ABCDEFGUV');
  w.engine.label('ABCDEFG');
  await w.settle();
  w.l1.switchTo('abcdxyz');
  for (let i = 0; i < 3; i++) await w.settle();
}

async function killed(kind: Call, at: number, when: 'before' | 'after'): Promise<World | null> {
  const w = world('abcdefgh', COMMITS);
  const kill = killAt(w, kind, at, when);
  await life(w);
  if (!kill.over()) return null;
  w.l1.switchTo('abcdxyz');
  w.restart();
  for (let i = 0; i < 3; i++) await w.settle();
  return w;
}

const openIntents = (w: World): readonly (string | null)[] => {
  const closed = new Set(w.events.filter(({ kind }) => kind === 'reorg.recovered').map(({ ref }) => ref));
  return w.events
    .filter(({ kind, ref }) => kind === 'reorg.detected' && !closed.has(ref))
    .map(({ ref }) => ref);
};

describe.each([
  ['C1, C4, C5 journal intent, outcome and cursor', 'journal'],
  ['C2 newPayload', 'newPayload'],
  ['C3 forkchoice update', 'update'],
] as const)('SIGKILL at %s', (_, kind) => {
  it.each(['before', 'after'] as const)(
    '%s each one: same heads, no open intent, nothing twice',
    async (when) => {
      let kills = 0;
      for (let at = 0; ; at++) {
        const w = await killed(kind, at, when);
        if (w === null) break;
        kills += 1;
        const where = `${kind} ${at} ${when}`;
        expect(await w.heads(), where).toBe('Y / Y / -');
        expect(openIntents(w), where).toEqual([]);
        expect(w.driver.state.phase, where).toBe('following');
        const executed = w.engine.executed;
        expect(new Set(executed).size, where).toBe(executed.length);
        const applied = w.events
          .filter((event) => event.kind === 'batch.applied')
          .map(({ payload }) => (payload as { batch: number }).batch);
        expect([...new Set(applied)].sort().slice(0, 3), where).toEqual([1, 2, 3]);
      }
      expect(kills).toBeGreaterThan(4);
    },
  );
});

describe('crashes of the sequencing half', () => {
  it.each([
    ['C6', 'server/sequencer/sequencer.test.ts', 'a start with uncommitted blocks of an earlier life'],
    ['C7', 'server/sequencer/fence/fence.test.ts', 'a claim whose answer is lost can be asked for again'],
    [
      'C8',
      'server/sequencer/sequencer.test.ts',
      'when the answer to the send is lost and the transaction is mined',
    ],
    ['C9', 'server/sequencer/sequencer.test.ts', 'through any schedule of faults and reorgs, once they end'],
  ])('%s is held by %s: %s', (_, file, test) => {
    expect(readFileSync(join(import.meta.dirname, '..', '..', file), 'utf8')).toContain(test);
  });
});
