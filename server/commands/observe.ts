import { join } from 'node:path';
import type { Config } from '../config.ts';
import { ObservedNode } from '../engine/observedNode.ts';
import type { HostedNode } from '../host.ts';
import { systemClock } from '../lib/clock.ts';
import { createObserverNode, type ObserverNodeOptions } from '../observerNode.ts';
import { readRollupFacts } from '../rollupFacts.ts';
import { SOFTWARE } from '../software.ts';
import { nodeOrWaiting, waitingIdentity } from '../waitingNode.ts';
import { CommandError } from './command.ts';
import { journalOf } from './journalOf.ts';
import { genesisFacts, l1Of } from './nodeParts.ts';

/**
 * The node of `start --observe`. What it watches need not answer yet: to say so is its work. The genesis file says
 * which chain it should be.
 */
export async function openObserver(
  config: Config,
  fleet: NonNullable<ObserverNodeOptions['fleet']>,
  { onError, say }: { onError: (error: unknown) => void; say: (sentence: string) => void },
): Promise<HostedNode> {
  if (config.engine.kind !== 'observed') throw new CommandError('There is no node to observe.');
  const { url, healthUrl } = config.engine;
  const genesis = await genesisFacts(config);
  const journal = await journalOf(config, say);
  const node = new ObservedNode({ url: url.reveal(), healthUrl: healthUrl?.reveal() ?? null });
  const common = { name: config.name, software: SOFTWARE, l1Host: config.l1.rpcUrls[0]!.host };
  const startedAt = systemClock.now();
  return nodeOrWaiting({
    identity: waitingIdentity(config, 'observe', { ...common, engine: node.name, startedAt }, genesis, fleet),
    facts: () => readRollupFacts(config, genesis),
    nodeOf: async (rollup, announced) =>
      createObserverNode(
        {
          ...common,
          config: rollup,
          announced,
          pollIntervalMs: config.pollMs,
          fleet,
          webhook: config.webhook && { ...config.webhook, stateFile: join(config.dataDir, 'webhook.json') },
        },
        { l1: l1Of(config, rollup), node, journal, clock: systemClock, onError },
      ),
    journal,
    engine: null,
    clock: systemClock,
    say,
    onError,
    close: async () => {
      await Promise.allSettled([journal.close(), node.close()]);
    },
  });
}
