import { describe, expect, it } from 'vitest';
import { scriptedStatus } from '../testing/scriptedStatus.ts';
import { followed } from './resync.ts';

const NOW = 1_700_000_000_000;
type Resync = { readonly id: string; readonly phase: string; readonly note: string; readonly ended: boolean };

const resync = ({ id, phase, note, ended }: Resync) => ({
  id,
  phase,
  target: { kind: 'safe' },
  toBlock: { number: 1, hash: `0x${'1'.repeat(64)}` },
  by: 'somebody',
  reason: 'a test',
  startedAt: NOW,
  endedAt: ended ? NOW : null,
  done: 0,
  of: 1,
  matches: 0,
  resumed: false,
  note,
});

/** Says one after the other, the last for ever; null does not answer. */
function node(script: readonly (Resync | null | 'forgot')[]) {
  const base = scriptedStatus('aligned', { version: 1, steps: 0, startedAt: 0 }, NOW);
  let look = 0;
  const said: string[] = [];
  const status = async (): Promise<unknown> => {
    const now = script[Math.min(look++, script.length - 1)]!;
    if (now === null) throw new Error('No node answers');
    const present = now === 'forgot' ? null : resync(now);
    return { ...base, operator: { ...base.operator, resync: present } };
  };
  const follow = () =>
    followed('rs-1', { status }, { progress: (line) => said.push(line), pause: async () => undefined });
  return { follow, said };
}

describe('a resync that is followed', () => {
  const at = (phase: string, ended = false) => ({ id: 'rs-1', phase, note: `now ${phase}`, ended });

  it('is followed through a restart of the node, each step said once', async () => {
    const { follow, said } = node([at('rewinding'), null, 'forgot', at('rewinding'), at('done', true)]);
    expect(await follow()).toBe(true);
    expect(said).toEqual(['rewinding: now rewinding', 'done: now done']);
  });

  it('has no phase said twice where the note begins with it', async () => {
    const verifying = { id: 'rs-1', phase: 'verifying', note: 'verifying: 1 of 2 looks agree', ended: false };
    const { follow, said } = node([verifying, at('done', true)]);
    await follow();
    expect(said).toEqual(['verifying: 1 of 2 looks agree', 'done: now done']);
  });

  it.each([
    ['forgotten', 'forgot' as const],
    ['followed by another', { ...at('rewinding'), id: 'rs-2' }],
    ['on a node that is gone', null],
  ])('is not waited for for ever: %s', async (_, last) => {
    await expect(node([at('rewinding'), last]).follow()).rejects.toThrow(/rs-1 was accepted, but/);
  });
});
