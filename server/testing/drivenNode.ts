/** A whole node (driver, tracker, journal, status) on an L1 and an engine, whose pace the test or bench owns. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../engine/engine.ts';
import type { JournalEvent } from '../journal/journal.ts';
import { openJournal } from '../journal/sqlite.ts';
import { createL1 } from '../l1/viemL1.ts';
import { systemClock } from '../lib/clock.ts';
import { createNode, type RollupNode } from '../node.ts';
import type { RollupL1 } from './rollupL1.ts';

export interface DrivenNode {
  readonly node: RollupNode;
  events(): Promise<readonly JournalEvent[]>;
  /** Steps until the driver has nothing more to do. Throws on trouble, unless `tolerate`: then it stops there. */
  settle(tolerate?: 'trouble'): Promise<void>;
  /** Closes the engine too. */
  stop(): Promise<void>;
}

const MAX_STEPS = 5_000;

export async function openDrivenNode(
  { anvil, config }: Pick<RollupL1, 'anvil' | 'config'>,
  engine: Engine,
): Promise<DrivenNode> {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-driven-'));
  const journal = await openJournal({ file: join(dir, 'journal.db'), clock: systemClock });
  const node = createNode(
    {
      name: 'driven',
      mode: 'drive',
      software: 'test',
      config,
      l1Host: new URL(anvil.url).host,
      pollIntervalMs: 1_000,
      ourSequencer: null,
    },
    {
      l1: createL1({ rpcUrls: [anvil.url], config }),
      engine,
      journal,
      clock: systemClock,
      onError: (error) => {
        throw error;
      },
    },
  );
  return {
    node,
    events: () => journal.since(0, 1_000),
    settle: async (tolerate) => {
      // The first step of a pace may find nothing due: the driver's own step is what counts here.
      const signal = new AbortController().signal;
      for (let step = 0; step < MAX_STEPS; step++) {
        const outcome = await node.driver.step(signal);
        const { trouble } = node.driver.state;
        if (trouble !== null && tolerate === undefined)
          throw new Error(`the driver met trouble: ${trouble.code}: ${trouble.message}`);
        if (outcome !== 'more') return;
      }
      throw new Error(`the driver did not come to rest in ${MAX_STEPS} steps`);
    },
    stop: async () => {
      await node.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
