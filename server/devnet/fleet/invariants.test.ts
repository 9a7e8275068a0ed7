import { expect, test } from 'vitest';
import type { Address, Hash } from '../../protocol/refs.ts';
import { type CommittedBatch, checkFleet, type FleetFacts, type UserTransaction } from './invariants.ts';

const hash = (name: string): Hash => `0x${Buffer.from(name).toString('hex').padStart(64, '0')}`;
const ALICE: Address = `0x${'aa'.repeat(20)}`;
const BOB: Address = `0x${'bb'.repeat(20)}`;
const USER: Address = `0x${'cc'.repeat(20)}`;

const batch = (number: number, poster: Address, messages: bigint[]): CommittedBatch => ({
  batch: number,
  poster,
  leader: poster,
  blocks: [{ number, hash: hash(`b${number}`) }],
  messages,
  transactions: [hash(`tx${number}`)],
});
const node = (name: string, sequencer: Address, above: string[]) => ({
  name,
  sequencer,
  safe: 3,
  hashes: ['genesis', 'b1', 'b2', 'b3', ...above].map(hash),
});
const seen = (name: string, number: number, transactions: readonly UserTransaction[] = []) => ({
  number,
  hash: hash(name),
  transactions,
  shownBy: ['a'],
});

/** Alice led for two batches, Bob took over and is two blocks ahead of L1. */
const GOOD: FleetFacts = {
  genesis: hash('genesis'),
  commits: [batch(1, ALICE, [0n]), batch(2, ALICE, [1n, 2n]), batch(3, BOB, [])],
  underivable: null,
  lastCommittedBatch: 3,
  leader: BOB,
  sentMessages: [0n, 1n, 2n],
  nodes: [node('a', ALICE, ['b4']), node('b', BOB, ['b4', 'b5'])],
  seen: [
    seen('b3', 3),
    seen('alices b3', 3, [
      { hash: hash('tx3'), from: USER, nonce: 0 },
      { hash: hash('replaced'), from: USER, nonce: 1 },
      { hash: hash('waits'), from: USER, nonce: 2 },
    ]),
  ],
  accounts: new Map([[USER, { used: 2, withPending: 3 }]]),
};
const rules = (facts: FleetFacts) => checkFleet(facts).violations.map(({ rule }) => rule);

test('a fleet that kept the rules is found so, and what happened is counted', () => {
  expect(checkFleet(GOOD)).toMatchObject({
    batches: 3,
    blocks: 3,
    rotations: 1,
    deposits: 3,
    revertedBlocks: 1,
    revertedTransactions: { total: 3, landed: 1, replaced: 1, pending: 1 },
    violations: [],
  });
});

test.each<[string, Partial<FleetFacts>, string]>([
  [
    'a node with another safe block',
    { nodes: [GOOD.nodes[1]!, { ...GOOD.nodes[0]!, hashes: ['genesis', 'b1', 'x', 'b3'].map(hash) }] },
    'safe_blocks_agree',
  ],
  ['a safe head beyond L1', { nodes: [{ ...GOOD.nodes[1]!, safe: 4 }] }, 'safe_blocks_agree'],
  ['a commit that nothing can be derived from', { underivable: 'batch 4: bad' }, 'safe_blocks_agree'],
  ['a batch committed twice', { commits: [...GOOD.commits, GOOD.commits[2]!] }, 'batches_once'],
  ['a batch left out', { commits: [GOOD.commits[0]!, GOOD.commits[2]!] }, 'batches_once'],
  [
    'a batch of who did not lead',
    { commits: [...GOOD.commits.slice(0, 2), { ...GOOD.commits[2]!, leader: ALICE }] },
    'posted_by_leader',
  ],
  [
    'an old leader’s block that stayed',
    {
      nodes: [
        { ...GOOD.nodes[0]!, hashes: [...GOOD.nodes[0]!.hashes.slice(0, 4), hash('alices')] },
        GOOD.nodes[1]!,
      ],
    },
    'nothing_uncommitted_survives',
  ],
  ['uncommitted blocks that nobody leads', { leader: null }, 'nothing_uncommitted_survives'],
  ['a deposit that did not arrive', { sentMessages: [0n, 1n, 2n, 3n] }, 'deposits_once'],
  [
    'a deposit that arrived twice',
    { commits: [...GOOD.commits.slice(0, 2), { ...GOOD.commits[2]!, messages: [2n] }] },
    'deposits_once',
  ],
  [
    'a user’s transaction that is nowhere',
    { accounts: new Map([[USER, { used: 2, withPending: 2 }]]) },
    'no_user_transaction_lost',
  ],
])('%s is found', (_, change, rule) => {
  expect(rules({ ...GOOD, ...change })).toContain(rule);
});
