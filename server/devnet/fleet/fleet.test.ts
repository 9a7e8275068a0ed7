import { expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { Fleet, type FleetMember } from './fleet.ts';

const member = (name: string, code: string): FleetMember => ({
  name,
  sequencer: `0x${'00'.repeat(20)}`,
  command: () => ({ file: process.execPath, args: ['-e', code], env: {} }),
});
const GOOD = `process.on('disconnect', () => process.exit()); console.log('{"dashboard":null,"engine":null}'); setInterval(() => {}, 1000)`;
const BROKEN = `console.log('{"mode":"no ready line"}'); console.error('no such genesis'); process.exitCode = 2`;

async function openFleet(members: readonly FleetMember[]): Promise<Fleet> {
  const commits = { to: `0x${'00'.repeat(20)}`, selector: '0x00000000' } as const;
  const backoff = { firstMs: 1, maxMs: 1, factor: 1, jitter: 0 };
  return Fleet.open({ l1Url: 'http://127.0.0.1:1', commits, members, backoff }, { clock: systemClock });
}

test('a node that cannot start is given up with its reason, and the others are ended', async () => {
  const fleet = await openFleet([member('good', GOOD), member('broken', BROKEN)]);
  await expect(fleet.start(AbortSignal.timeout(20_000))).rejects.toMatchObject({
    code: 'not_started',
    message: expect.stringContaining('broken is crashed (ended with exit code 2: no such genesis)'),
  });
  expect(fleet.log('broken').map(({ text }) => text)).toContain('no such genesis');
  await fleet.stop();
  expect(fleet.nodes().map(({ state }) => state.kind)).toEqual(['stopped', 'stopped']);
});

test('a start that is called off says who was not there yet', async () => {
  const fleet = await openFleet([member('slow', 'setInterval(() => {}, 1000)')]);
  await expect(fleet.start(AbortSignal.timeout(10))).rejects.toThrow('did not all start: slow is starting.');
  await fleet.stop();
});
