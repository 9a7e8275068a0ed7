import fc from 'fast-check';
import { encodeFunctionData, type PublicClient } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../../devnet/anvil.ts';
import { deployContracts, type RollupAddresses, registerCall } from '../../devnet/deploy.ts';
import { openL1Wallet } from '../../devnet/l1Wallet.ts';
import { onChainProposerAbi, sequencerRegistryAbi } from '../../protocol/contractsAbi.ts';
import type { Address, Hash, Hex } from '../../protocol/refs.ts';
import { ZERO_ADDRESS, ZERO_HASH } from '../../protocol/refs.ts';
import { STRANGER, sequencer } from '../../testing/registryWorld.ts';
import { httpRpc } from '../httpRpc.ts';
import type { RegistryState } from '../state/registry.ts';
import {
  applyOperation,
  emptyRegistry,
  leaderOf,
  leadSequencerForBatch,
  MIN_COLLATERAL,
} from '../state/registry.ts';
import { StateUpdater } from '../stateUpdater.ts';
import { RegistryReader } from './registryReader.ts';

const NAMES = ['A', 'B', 'C', 'D'].map(sequencer);
const hash32 = (value: number): Hash => `0x${value.toString(16).padStart(64, '0')}`;

let anvil: Anvil;
let client: PublicClient;

beforeAll(async () => {
  anvil = await startAnvil();
  ({ client } = await openL1Wallet(anvil.url, anvil.accounts[0]!.privateKey));
  await anvil.rpc('anvil_autoImpersonateAccount', [true]);
  const rich = `0x${(10n ** 24n).toString(16)}`;
  await Promise.all([...NAMES, STRANGER].map((each) => anvil.rpc('anvil_setBalance', [each, rich])));
});
afterAll(() => anvil?.stop());

async function deployed(batchesPerSequencer: number): Promise<RollupAddresses> {
  await anvil.rpc('evm_setAutomine', [true]);
  const addresses = await deployContracts({
    l1Url: anvil.url,
    deployerKey: anvil.accounts[0]!.privateKey,
    genesisStateRoot: hash32(1),
    l2ChainId: 65_536_999,
    validium: true,
    batchesPerSequencer,
  });
  await anvil.rpc('evm_setAutomine', [false]);
  return addresses;
}

/** One transaction in a block of its own; false when it reverted. */
async function send(from: Address, to: Address, data: Hex, value = 0n): Promise<boolean> {
  const call = { from, to, data, value: `0x${value.toString(16)}`, gas: '0xf4240' };
  const hash = await anvil.rpc<Hash>('eth_sendTransaction', [call]);
  await anvil.rpc('evm_mine');
  const receipt = await anvil.rpc<{ readonly status: Hex }>('eth_getTransactionReceipt', [hash]);
  return receipt.status === '0x1';
}

const register = (to: RollupAddresses, who: Address, value = MIN_COLLATERAL): Promise<boolean> =>
  send(STRANGER, to.sequencerRegistry, registerCall(who), value);
const unregister = (to: RollupAddresses, who: Address): Promise<boolean> => {
  const data = encodeFunctionData({ abi: sequencerRegistryAbi, functionName: 'unregister', args: [who] });
  return send(STRANGER, to.sequencerRegistry, data);
};
const commit = (to: RollupAddresses, who: Address, batch: number): Promise<boolean> => {
  const args = [BigInt(batch), hash32(9), ZERO_HASH, ZERO_HASH, hash32(batch), 0n, hash32(7), []] as const;
  const data = encodeFunctionData({ abi: onChainProposerAbi, functionName: 'commitBatch', args });
  return send(who, to.onChainProposer, data);
};

const readerOf = (to: RollupAddresses, maxRange?: number): RegistryReader =>
  new RegistryReader(
    {
      registry: to.sequencerRegistry,
      proposer: to.onChainProposer,
      deployedAt: to.deployedAtBlock,
      maxRange,
    },
    { rpc: httpRpc(anvil.url, { timeoutMs: 10_000 }) },
  );

/** What the contract says, in the words of `described`. Read at the head without any code under test. */
async function contractSays(to: RollupAddresses, upTo: number): Promise<object> {
  const registry = { address: to.sequencerRegistry, abi: sequencerRegistryAbi } as const;
  const list: string[] = [];
  for (let index = 0n; ; index++) {
    const address = await client
      .readContract({ ...registry, functionName: 'sequencers', args: [index] })
      .catch(() => null);
    if (address === null) break;
    const collateral = await client.readContract({
      ...registry,
      functionName: 'collateral',
      args: [address],
    });
    list.push(`${address.toLowerCase()} ${collateral}`);
  }
  const batches = Array.from({ length: upTo + 1 }, (_, batch) => BigInt(batch));
  const [leader, lastCommittedBatch, ...leaders] = await Promise.all([
    client.readContract({ ...registry, functionName: 'leaderSequencer' }),
    client.readContract({
      address: to.onChainProposer,
      abi: onChainProposerAbi,
      functionName: 'lastCommittedBatch',
    }),
    ...batches.map((batch) =>
      client.readContract({ ...registry, functionName: 'leadSequencerForBatch', args: [batch] }),
    ),
  ]);
  const lower = (address: string): string => address.toLowerCase();
  return {
    list,
    leader: lower(leader),
    lastCommittedBatch: Number(lastCommittedBatch),
    leaders: leaders.map(lower),
  };
}

function described(state: RegistryState, upTo: number): object {
  return {
    list: state.sequencers.map(({ address, collateral }) => `${address} ${collateral}`),
    leader: leaderOf(state) ?? ZERO_ADDRESS,
    lastCommittedBatch: state.lastCommittedBatch,
    leaders: Array.from(
      { length: upTo + 1 },
      (_, batch) => leadSequencerForBatch(state, batch) ?? ZERO_ADDRESS,
    ),
  };
}

type Command =
  | { readonly kind: 'register'; readonly who: number; readonly enough: boolean }
  | { readonly kind: 'unregister'; readonly who: number }
  | { readonly kind: 'commit'; readonly who: number | 'leader' }
  | { readonly kind: 'reorg'; readonly depth: number }
  | { readonly kind: 'read' };

const who = fc.nat({ max: NAMES.length - 1 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('register' as const),
      who,
      enough: fc.constantFrom(true, true, true, false),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('unregister' as const), who }) },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      who: fc.oneof({ weight: 4, arbitrary: fc.constant('leader' as const) }, { weight: 1, arbitrary: who }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('reorg' as const), depth: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const) }) },
);

/** Sends what a command says and gives the model what it should make of it. */
async function play(
  to: RollupAddresses,
  state: RegistryState,
  each: Exclude<Command, { kind: 'reorg' | 'read' }>,
): Promise<RegistryState> {
  const address = each.who === 'leader' ? (leaderOf(state) ?? STRANGER) : NAMES[each.who]!;
  const batch = state.lastCommittedBatch + 1;
  const collateral = each.kind === 'register' && !each.enough ? MIN_COLLATERAL - 1n : MIN_COLLATERAL;
  const [accepted, after] =
    each.kind === 'register'
      ? [
          await register(to, address, collateral),
          applyOperation(state, { kind: 'registered', sequencer: address, collateral }),
        ]
      : each.kind === 'unregister'
        ? [await unregister(to, address), applyOperation(state, { kind: 'unregistered', sequencer: address })]
        : [await commit(to, address, batch), applyOperation(state, { kind: 'committed', batch })];
  // A commit without the right leaves no event, which is all that the model is told of.
  if (each.kind === 'commit') expect(accepted).toBe(leaderOf(state) === address);
  else expect(accepted).toBe(after.ok);
  return accepted && after.ok ? after.value : state;
}

describe('on the real contracts', () => {
  test('random calls, rotations and reorgs: model, reader and contract agree', {
    timeout: 300_000,
  }, async () => {
    const seen = { calls: 0, reorgs: 0, readings: new Map<string, number>() };
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { minLength: 10, maxLength: 24 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(1, 3, 10_000),
        async (commands, term, maxRange) => {
          const to = await deployed(term);
          const reader = readerOf(to, maxRange);
          const branch = [emptyRegistry(term)];
          const note = (kind: string): unknown => seen.readings.set(kind, (seen.readings.get(kind) ?? 0) + 1);
          for (const each of commands) {
            const state = branch.at(-1)!;
            if (each.kind === 'read') {
              const reading = await reader.read();
              note(reading.since.kind);
              expect(reading.state.sequencers).toEqual(state.sequencers);
            } else if (each.kind === 'reorg') {
              const depth = Math.min(each.depth, branch.length - 1);
              if (depth === 0) continue;
              await anvil.rpc('anvil_reorg', [depth, []]);
              const kept = branch[branch.length - 1 - depth]!;
              branch.splice(-depth, depth, ...Array.from({ length: depth }, () => kept));
              seen.reorgs++;
            } else {
              branch.push(await play(to, state, each));
              seen.calls++;
            }
            const now = branch.at(-1)!;
            const upTo = now.lastCommittedBatch + 1 + 2 * term;
            if (each.kind !== 'read') expect(described(now, upTo)).toEqual(await contractSays(to, upTo));
          }
          const now = branch.at(-1)!;
          const last = await reader.read();
          note(last.since.kind);
          expect({ ...last.state, committers: null }).toEqual({ ...now, committers: null });
          for (let batch = 1; batch <= now.lastCommittedBatch; batch++) {
            expect(await reader.views.sequencerForBatch(batch, last.at)).toBe(
              leadSequencerForBatch(now, batch),
            );
          }
        },
      ),
      { numRuns: 40 },
    );
    expect(seen.calls).toBeGreaterThan(300);
    expect(seen.reorgs).toBeGreaterThan(15);
    for (const kind of ['start', 'extended', 'reorg']) expect(seen.readings.get(kind)).toBeGreaterThan(5);
  });

  test('a registration that L1 drops takes the lead with it, and the journal says why', async () => {
    const to = await deployed(2);
    const [A, B] = NAMES as [Address, Address];
    const reader = readerOf(to);
    const changes: unknown[] = [];
    const updater = new StateUpdater(
      { us: B, intervalMs: 1_000, upcomingTerms: 2 },
      {
        clock: { now: () => 0, sleep: async () => {} },
        registry: reader,
        journal: {
          append: async (kind, payload) => {
            if (kind === 'leader.changed') changes.push(payload);
            return { seq: 1, at: 0, kind, ref: null, payload };
          },
        },
      },
    );
    const look = async () => {
      expect(await updater.step()).toBe('idle');
      return updater.status().view!;
    };
    await register(to, A);
    await commit(to, A, 1);
    expect((await look()).leader).toBe(A);
    await register(to, B);
    expect(await look()).toMatchObject({ leader: B, leading: true, registered: true, batchesLeft: 2 });
    await anvil.rpc('anvil_reorg', [1, []]);
    expect(await look()).toMatchObject({ leader: A, leading: false, registered: false, batchesLeft: null });
    await register(to, B);
    expect((await look()).leading).toBe(true);
    await unregister(to, B);
    expect(await look()).toMatchObject({ leader: A, sequencers: [{ address: A }] });
    expect(changes).toMatchObject([
      { from: A, to: B, batch: 2, why: 'list_changed' },
      { from: B, to: A, batch: 2, why: 'l1_reorg' },
      { from: A, to: B, batch: 2, why: 'list_changed' },
      { from: B, to: A, batch: 2, why: 'unregistered', by: STRANGER, midTerm: true },
    ]);
  });
});
