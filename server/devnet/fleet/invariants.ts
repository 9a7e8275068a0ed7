/** What must hold of a fleet after whatever happened to it. Pure: `facts.ts` collects, this judges. */
import type { Address, Hash, L2BlockId } from '../../protocol/refs.ts';

/** One batch as L1's canonical branch has it, its blocks derived from its commit alone. */
export interface CommittedBatch {
  readonly batch: number;
  /** Who sent the transaction. */
  readonly poster: Address;
  /** Who led by the registry's rule at that point of L1; null when nobody did. */
  readonly leader: Address | null;
  readonly blocks: readonly L2BlockId[];
  /** Ids of the L1 messages in its blocks, in order. */
  readonly messages: readonly bigint[];
  /** Hashes of its users' transactions. */
  readonly transactions: readonly Hash[];
}

export interface UserTransaction {
  readonly hash: Hash;
  readonly from: Address;
  readonly nonce: number;
}

/** A block that some node once showed as its head, or below it. */
export interface SeenBlock extends L2BlockId {
  readonly transactions: readonly UserTransaction[];
  /** Nodes that showed it, in the order in which they did. */
  readonly shownBy: readonly string[];
}

export interface NodeFacts {
  readonly name: string;
  readonly sequencer: Address;
  /** Number of its safe head. */
  readonly safe: number;
  /** Hash of its block `number`, from 0 up to its head, index by number. */
  readonly hashes: readonly Hash[];
}

export interface FleetFacts {
  readonly genesis: Hash;
  /** In the order of L1. */
  readonly commits: readonly CommittedBatch[];
  /** Why a commit on L1 could not be derived; null when all were. */
  readonly underivable: string | null;
  /** The contract's counter. */
  readonly lastCommittedBatch: number;
  /** Who leads next. */
  readonly leader: Address | null;
  /** Ids of the messages that the bridge sent, in its order. */
  readonly sentMessages: readonly bigint[];
  readonly nodes: readonly NodeFacts[];
  readonly seen: readonly SeenBlock[];
  /** By account: nonces used in committed blocks' state, and used or waiting in the fullest pool. */
  readonly accounts: ReadonlyMap<Address, { readonly used: number; readonly withPending: number }>;
}

export interface Violation {
  readonly rule:
    | 'safe_blocks_agree'
    | 'batches_once'
    | 'posted_by_leader'
    | 'nothing_uncommitted_survives'
    | 'deposits_once'
    | 'no_user_transaction_lost'
    | 'journals_whole';
  readonly detail: string;
}

export interface FleetReport {
  readonly batches: number;
  /** L2 blocks that L1 has. */
  readonly blocks: number;
  /** How often a batch had another poster than the one before it. */
  readonly rotations: number;
  readonly postersOf: Readonly<Record<Address, number>>;
  readonly deposits: number;
  readonly userTransactions: number;
  /** Blocks that nodes showed and that are not in the chain now. */
  readonly revertedBlocks: number;
  /** Users' transactions in those, and what became of them. */
  readonly revertedTransactions: {
    readonly total: number;
    readonly landed: number;
    readonly pending: number;
    /** Another transaction of the same account and nonce was taken. */
    readonly replaced: number;
  };
  readonly violations: readonly Violation[];
}

/** Judges a fleet at rest: traffic stopped, every node up and level. */
export function checkFleet(facts: FleetFacts): FleetReport {
  const chain = [facts.genesis, ...facts.commits.flatMap(({ blocks }) => blocks.map(({ hash }) => hash))];
  const reverted = revertedBlocks(facts, chain);
  const fates = fatesOf(facts, reverted);
  return {
    batches: facts.commits.length,
    blocks: chain.length - 1,
    rotations: rotationsOf(facts.commits),
    postersOf: postersOf(facts.commits),
    deposits: facts.commits.reduce((sum, { messages }) => sum + messages.length, 0),
    userTransactions: facts.commits.reduce((sum, { transactions }) => sum + transactions.length, 0),
    revertedBlocks: reverted.length,
    revertedTransactions: fates.counts,
    violations: [
      ...safeBlocks(facts, chain),
      ...batchesOnce(facts),
      ...postedByLeader(facts),
      ...nothingUncommitted(facts, chain),
      ...depositsOnce(facts),
      ...fates.violations,
    ],
  };
}

export const rotationsOf = (commits: readonly Pick<CommittedBatch, 'poster'>[]): number =>
  commits.filter(({ poster }, at) => at > 0 && commits[at - 1]!.poster !== poster).length;

function postersOf(commits: readonly CommittedBatch[]): Record<Address, number> {
  const counts: Record<Address, number> = {};
  for (const { poster } of commits) counts[poster] = (counts[poster] ?? 0) + 1;
  return counts;
}

/** Every node's safe chain is what the commits say, block by block. */
function safeBlocks({ nodes, underivable }: FleetFacts, chain: readonly Hash[]): Violation[] {
  const found: Violation[] = [];
  const add = (detail: string) => found.push({ rule: 'safe_blocks_agree', detail });
  if (underivable !== null) add(underivable);
  for (const { name, safe, hashes } of nodes) {
    if (safe >= chain.length) add(`${name} calls block ${safe} safe; L1 has ${chain.length - 1} blocks`);
    const top = Math.min(safe, chain.length - 1);
    for (let number = 0; number <= top; number++) {
      if (hashes[number] === chain[number]) continue;
      add(`${name} has ${hashes[number]} as safe block ${number}; L1 implies ${chain[number]}`);
      break;
    }
  }
  return found;
}

function batchesOnce({ commits, lastCommittedBatch }: FleetFacts): Violation[] {
  const found: Violation[] = [];
  const add = (detail: string) => found.push({ rule: 'batches_once', detail });
  commits.forEach(({ batch }, at) => {
    if (batch !== at + 1) add(`commit ${at + 1} on L1 is of batch ${batch}`);
  });
  let next = 1;
  for (const { batch, blocks } of commits) {
    for (const { number } of blocks) {
      if (number !== next) add(`batch ${batch} has block ${number} where ${next} is due`);
      next = number + 1;
    }
  }
  if (commits.length !== lastCommittedBatch)
    add(`${commits.length} commits; the contract counts ${lastCommittedBatch}`);
  return found;
}

const postedByLeader = ({ commits }: FleetFacts): Violation[] =>
  commits
    .filter(({ poster, leader }) => poster !== leader)
    .map(({ batch, poster, leader }) => ({
      rule: 'posted_by_leader',
      detail: `batch ${batch} is from ${poster}; ${leader ?? 'nobody'} led`,
    }));

/** Above what L1 has, nodes hold what the present leader built, or nothing. */
function nothingUncommitted({ nodes, leader }: FleetFacts, chain: readonly Hash[]): Violation[] {
  const leaders = nodes.find(({ sequencer }) => sequencer === leader);
  const found: Violation[] = [];
  for (const { name, hashes } of nodes) {
    for (let number = 1; number < hashes.length; number++) {
      const due = chain[number] ?? leaders?.hashes[number];
      // Beyond the leader's own head as it was read: its newest block came after the look at the leader.
      if (due === undefined && leaders !== undefined) break;
      if (hashes[number] === due) continue;
      const whose = number < chain.length ? 'L1 has' : 'the leader has';
      found.push({
        rule: 'nothing_uncommitted_survives',
        detail: `${name} holds ${hashes[number]} as block ${number}; ${whose} ${due ?? 'none'}`,
      });
      break;
    }
  }
  return found;
}

/** The bridge counts its messages from 0; each is in the chain once, in that order. */
function depositsOnce({ commits, sentMessages }: FleetFacts): Violation[] {
  const arrived = commits.flatMap(({ batch, messages }) => messages.map((id) => ({ id, batch })));
  const found: Violation[] = [];
  const add = (detail: string) => found.push({ rule: 'deposits_once', detail });
  arrived.forEach(({ id, batch }, at) => {
    if (id !== sentMessages[at])
      add(`message ${at + 1} of L2 is ${id} (batch ${batch}); the bridge sent ${sentMessages[at] ?? 'none'}`);
  });
  if (arrived.length < sentMessages.length)
    add(`${sentMessages.length - arrived.length} of ${sentMessages.length} messages did not arrive`);
  return found;
}

/** Blocks at or below what every node calls safe, so that another block certainly has their place. */
function revertedBlocks({ seen, nodes }: FleetFacts, chain: readonly Hash[]): readonly SeenBlock[] {
  const level = Math.min(...nodes.map(({ safe }) => safe), chain.length - 1);
  return seen.filter(({ number, hash }) => number <= level && chain[number] !== hash);
}

function fatesOf(
  { commits, accounts, seen, nodes }: FleetFacts,
  reverted: readonly SeenBlock[],
): { counts: FleetReport['revertedTransactions']; violations: Violation[] } {
  const held = new Set(nodes.flatMap(({ hashes }) => hashes));
  const landed = new Set(commits.flatMap(({ transactions }) => transactions));
  for (const block of seen) {
    if (held.has(block.hash)) for (const { hash } of block.transactions) landed.add(hash);
  }
  const all = new Map(reverted.flatMap((block) => block.transactions.map((tx) => [tx.hash, tx] as const)));
  const counts = { total: all.size, landed: 0, pending: 0, replaced: 0 };
  const violations: Violation[] = [];
  for (const { hash, from, nonce } of all.values()) {
    const account = accounts.get(from);
    if (landed.has(hash)) counts.landed++;
    else if (account !== undefined && nonce < account.used) counts.replaced++;
    else if (account !== undefined && nonce < account.withPending) counts.pending++;
    else
      violations.push({
        rule: 'no_user_transaction_lost',
        detail: `${hash} (nonce ${nonce} of ${from}) was in a reverted block and is neither in the chain nor in a pool`,
      });
  }
  return { counts, violations };
}
