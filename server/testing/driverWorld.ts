/**
 * A whole driver on string chains: `world('abcdefgh', {c: 'ABC', e: 'ABCDE'})` is an L1 whose block c commits
 * batch 1 (L2 blocks B, C on genesis A) and whose block e commits batch 2 (D, E). Batches are numbered in the
 * order of their blocks. Derivation is real in shape and trivial in content: a commit's calldata is the text of
 * the L2 chain that it ends.
 */
import type { BatchOutcome, DerivationCursor } from '../derivation/derivation.ts';
import type { LastBlock } from '../derivation/lastBlock.ts';
import { Driver, type DriverDeps } from '../driver/driver.ts';
import type { Duty } from '../driver/plan/resync.ts';
import type { Derivation } from '../driver/ports.ts';
import type { StepOutcome } from '../driver/state.ts';
import type { JournalEvent } from '../journal/journal.ts';
import { HeadTracker } from '../l1/headTracker.ts';
import type { BatchCommit } from '../protocol/batch.ts';
import type { SealedBlock } from '../protocol/block.ts';
import { DEFAULT_LIMITS, type RollupConfig } from '../protocol/rollupConfig.ts';
import { type FakeCommit, FakeL1, type FakeL1Options, fakeCommit } from './fakeL1.ts';
import { chainText, l2Chain, l2Ref } from './stringChain.ts';
import { StringEngine, type StringEngineOptions } from './stringEngine.ts';

const textOf = (commit: BatchCommit): string => String.fromCharCode(...commit.transaction.input);
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

const GENESIS = l2Ref('A');
export const WORLD_CONFIG: RollupConfig = {
  name: 'strings',
  l1ChainId: 1,
  l2ChainId: 2,
  onChainProposer: `0x${'0c'.repeat(20)}`,
  sequencerRegistry: null,
  bridge: null,
  l1StartBlock: 1,
  l2GenesisHash: GENESIS.hash,
  l2GenesisTimestamp: GENESIS.timestamp,
  batchesPerSequencer: 32,
  limits: DEFAULT_LIMITS,
};

/** A batch whose chain text begins with `!` cannot be right. */
const deriveText: Derivation['deriveBatch'] = (_config, cursor: DerivationCursor, commit): BatchOutcome => {
  const text = textOf(commit);
  const invalid = (detail: string): BatchOutcome => ({
    kind: 'invalid',
    commit,
    batchNumber: commit.batchNumber,
    reason: 'wrong_parent',
    detail,
  });
  if (text.startsWith('!')) return invalid('the text says so');
  if (commit.batchNumber !== cursor.batchNumber + 1)
    return invalid(`batch ${commit.batchNumber} is out of turn`);
  const blocks = l2Chain(text).slice(cursor.lastBlock.number + 1) as unknown as readonly SealedBlock[];
  const last = blocks.at(-1);
  if (last === undefined || blocks[0]?.parentHash !== cursor.lastBlock.hash) return invalid('parent differs');
  return {
    kind: 'derived',
    commit,
    batchNumber: commit.batchNumber,
    blocks,
    firstBlock: blocks[0].number,
    lastBlock: last.number,
    lastBlockHash: last.hash,
    stateRoot: commit.newStateRoot,
    privilegedCount: 0,
    privilegedRollingHash: `0x${'00'.repeat(32)}`,
    nonPrivilegedCount: 0,
    gasUsed: 0n,
    source: 'calldata',
    warnings: [],
  };
};

const lastOfText = (_config: RollupConfig, commit: BatchCommit): LastBlock => {
  const last = l2Chain(textOf(commit).replace('!', '')).at(-1);
  return last === undefined ? { kind: 'unreadable' } : { kind: 'hash', hash: last.hash };
};

/** The derivation of string chains. */
export const WORLD_DERIVATION: Derivation = { deriveBatch: deriveText, lastBlockOf: lastOfText };

/** Which L2 chain each L1 block commits. A key of several letters is one block of one branch (see FakeL1Options). */
export type Commits = Readonly<Record<string, string | readonly string[]>>;

/** Batches 1, 2 and 3 in L1 blocks c, e and g: what most stories begin with. */
export const COMMITS = { c: 'ABC', e: 'ABCDE', g: 'ABCDEFG' } as const satisfies Commits;

function commitsOf(table: Commits): Readonly<Record<string, readonly FakeCommit[]>> {
  const numbers = new Map<string, number>();
  const ends = (text: string): string => text.replace('!', '');
  const all = Object.values(table).flat().map(ends);
  // Batch n ends a chain that n − 1 shorter committed chains lead to.
  for (const text of all) {
    numbers.set(
      text,
      new Set(all.filter((other) => text.startsWith(other) && other.length <= text.length)).size,
    );
  }
  return Object.fromEntries(
    Object.entries(table).map(([block, texts]) => [
      block,
      [texts].flat().map((text) => fakeCommit(numbers.get(ends(text)) as number, { input: bytesOf(text) })),
    ]),
  );
}

export interface World {
  readonly l1: FakeL1;
  readonly engine: StringEngine;
  readonly events: JournalEvent[];
  /** The driver; replaced by `restart`. */
  driver: Driver;
  clock: { at: number };
  /** While true nothing can be journaled. */
  failJournal: boolean;
  step(): Promise<StepOutcome>;
  /** Steps until the driver waits, fails or halts; at most 200 steps. */
  settle(): Promise<StepOutcome>;
  /** A new process on the same L1 and engine: nothing is remembered. Derivation may be another one. */
  restart(derivation?: Partial<Derivation>): void;
  /** Heads as text: `unsafe / safe / finalized`, `-` for none. */
  heads(): Promise<string>;
  kinds(): readonly string[];
}

export interface WorldOptions extends Omit<FakeL1Options, 'commits'> {
  readonly engine?: StringEngineOptions;
  readonly engineChain?: string;
  /** Whether the node leads, or will soon. */
  readonly duty?: () => Duty;
  readonly builderOf?: DriverDeps['builderOf'];
  /** In place of `events`. */
  readonly journal?: DriverDeps['journal'];
}

export function world(branch: string, commits: Commits, options: WorldOptions = {}): World {
  const l1 = new FakeL1(branch, { ...options, commits: commitsOf(commits) });
  const engine = new StringEngine(options.engineChain ?? 'A', options.engine);
  const events: JournalEvent[] = [];
  const clock = { at: 1_700_000_000_000 };
  const signal = new AbortController().signal;
  let ids = 0;
  const start = (derivation: Partial<Derivation> = {}): Driver =>
    new Driver(
      {
        config: WORLD_CONFIG,
        genesisCursor: {
          batchNumber: 0,
          lastBlock: { number: 0, hash: GENESIS.hash, timestamp: GENESIS.timestamp },
        },
      },
      {
        l1,
        tracker: new HeadTracker(l1),
        engine,
        journal: options.journal ?? {
          append: async (kind, payload, ref) => {
            if (self.failJournal) throw new Error('the disk is full');
            const event = { seq: events.length + 1, at: clock.at, kind, payload, ref: ref ?? null };
            events.push(event);
            return event;
          },
          list: async ({ kinds, limit }) =>
            [...events]
              .reverse()
              .filter((event) => kinds === undefined || kinds.includes(event.kind))
              .slice(0, limit),
        },
        derivation: { deriveBatch: deriveText, lastBlockOf: lastOfText, ...derivation },
        clock: { now: () => clock.at },
        newId: () => `rs-${++ids}`,
        ...(options.duty === undefined ? {} : { duty: options.duty }),
        ...(options.builderOf && { builderOf: options.builderOf }),
      },
    );
  const self: World = {
    l1,
    engine,
    events,
    clock,
    failJournal: false,
    driver: start(),
    step: () => self.driver.step(signal),
    settle: async () => {
      for (let i = 0; i < 200; i++) {
        const outcome = await self.step();
        if (outcome !== 'more') return outcome;
      }
      throw new Error('the driver did not come to rest in 200 steps');
    },
    restart: (derivation) => {
      self.driver = start(derivation);
    },
    heads: async () => {
      const { latest, safe, finalized } = await engine.labels();
      return [latest, safe, finalized].map((ref) => (ref === null ? '-' : chainText([ref]))).join(' / ');
    },
    kinds: () => events.map((event) => event.kind),
  };
  return self;
}
