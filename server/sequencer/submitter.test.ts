import { expect, it } from 'vitest';
import { ManualClock } from '../lib/clock.ts';
import type { Hash } from '../protocol/refs.ts';
import type { L1Account } from './ports.ts';
import { Submitter } from './submitter.ts';

const hash = (digit: string): Hash => `0x${digit.repeat(64)}`;
const ONE_GWEI = { maxFeePerGas: 10n ** 9n, maxPriorityFeePerGas: 1n, maxFeePerBlobGas: null };
const CALL = { to: `0x${'0c'.repeat(20)}`, data: '0x', value: 0n, blobs: [] } as const;

/** A transaction of nonce 5 in flight, which raises the counter from 0 to 1. */
async function inFlight() {
  const clock = new ManualClock();
  const mined = { nonce: 5 };
  const account = {
    address: `0x${'aa'.repeat(20)}`,
    minedNonce: async () => mined.nonce,
    pendingNonce: async () => mined.nonce,
    quote: async () => ({ kind: 'ok', gas: 100_000n, fees: ONE_GWEI }),
    submit: async () => ({ kind: 'accepted', hash: hash('7') }),
  } as unknown as L1Account;
  const options = { resubmitAfterMs: 30_000, blobs: false, maxFeePerGas: 10n ** 12n, maxFeePerBlobGas: 0n };
  const submitter = new Submitter(options, { account, clock });
  const look = (digit: string, counter = 0) => ({
    at: { number: 10, hash: hash(digit) },
    counter,
    base: hash('b'),
  });
  expect(await submitter.send(1, CALL, look('1'))).not.toBeNull();
  const settle = async (...at: Parameters<typeof look>) => (await submitter.settle(look(...at))).kind;
  return { clock, mined, settle };
}

it('a nonce of a backend that is a block ahead of the counter’s loses no transaction', async () => {
  const { mined, settle } = await inFlight();
  mined.nonce = 6;
  expect(await settle('2')).toBe('in_flight');
  expect(await settle('3', 1)).toBe('reached');
});

it('an odd answer that is not given again is forgotten', async () => {
  const { mined, settle } = await inFlight();
  for (const head of ['2', '4', '6']) {
    mined.nonce = 6;
    expect(await settle(head)).toBe('in_flight');
    mined.nonce = 5;
    expect(await settle(`${Number(head) + 1}`)).toBe('in_flight');
  }
});

it('lost is what two heads show, or one that stands for long', async () => {
  const moved = await inFlight();
  moved.mined.nonce = 6;
  expect(await moved.settle('2')).toBe('in_flight');
  expect(await moved.settle('3')).toBe('lost');
  const still = await inFlight();
  still.mined.nonce = 6;
  for (let second = 0; second < 7; second++) {
    expect(await still.settle('2')).toBe('in_flight');
    await still.clock.advance(1_000);
  }
  await still.clock.advance(1_000);
  expect(await still.settle('2')).toBe('lost');
});
