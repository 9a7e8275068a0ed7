import { z } from 'zod';
import { address, blockIdView, blockNumber, hash } from './chainViews.ts';

/** The node itself and what it rests on, as the API says it: the parts that a status is made of (`views.ts`). */

/** A node that may lead: its role, and what it takes from others while it does not. Null for one that only follows. */
export const sequencerView = z.object({
  /** `Syncing`: following, and not yet holding every committed block. */
  mode: z.enum(['Sequencing', 'Following', 'Syncing']),
  address,
  registered: z.boolean(),
  /** Built here and on no L1 yet. */
  uncommittedBlocks: z.number().int(),
  /** L1 messages in the bridge's queue and in no committed batch. */
  waitingMessages: z.number().int(),
  /**
   * The oldest unverified message and the first unincluded ones, in the order of their deadlines. Past `deadline` no
   * batch with user transactions can be verified; from `warnAt` on it is time to act. Milliseconds since 1970.
   */
  messages: z.array(z.object({ hash, included: z.boolean(), deadline: z.number(), warnAt: z.number() })),
  /** Of the committing account: wei as a decimal, and the batches that it still pays for. Null while not known. */
  funds: z.object({ balanceWei: z.string().nullable(), batches: z.number().int().nullable() }),
  /** Who of the processes with this key may produce: `held` by this one, or by `other`. */
  lease: z.object({
    state: z.enum(['held', 'lapsed', 'waiting', 'standing_down']),
    term: z.number().int().nullable(),
    other: z.string().nullable(),
  }),
  feed: z.object({
    state: z.string(),
    /** Blocks that the unsafe head is ahead of the safe one. */
    ahead: z.number().int().nullable(),
    peers: z.array(
      z.object({ name: z.string(), height: blockNumber.nullable(), error: z.string().nullable() }),
    ),
    /** From a peer showing a block until it was our head. Milliseconds. */
    medianMs: z.number().nullable(),
    /** Why the feed stands still. */
    conflict: z.string().nullable(),
  }),
  troubles: z.array(
    z.object({ part: z.string(), message: z.string(), count: z.number().int(), since: z.number() }),
  ),
});

/** A node that is watched and never written to (mode `observe`). */
export const observedView = z.object({
  /** The first block that differs from what L1 implies; everything below is the same. Null while none is known. */
  divergence: z
    .object({
      batchNumber: blockNumber,
      block: blockNumber,
      derived: hash,
      /** Null when the node has no such block, although it has later ones. */
      held: hash.nullable(),
      /** L1 transaction that commits the batch. */
      commit: hash,
      since: z.number(),
    })
    .nullable(),
  /** The node's own labels; those of `heads` are what L1 says of its blocks. */
  own: z.object({ safe: blockIdView.nullable(), finalized: blockIdView.nullable() }),
  /** L2 blocks that L1 confirms and the node lacks. */
  missing: z.number().int(),
  /** L2 blocks above what L1 confirms, which cannot be judged yet. */
  beyond: z.number().int(),
  /** What an ethrex node says of its batches; null for another node. */
  ethrex: z
    .object({
      batchNumber: blockNumber,
      batch: z
        .object({
          number: blockNumber,
          firstBlock: blockNumber,
          lastBlock: blockNumber,
          stateRoot: hash.nullable(),
        })
        .nullable(),
    })
    .nullable(),
  health: z.object({ ok: z.boolean(), detail: z.string() }).nullable(),
  /** Where the node's own claims and L1 differ, in words. */
  disagreements: z.array(z.object({ what: z.string(), node: z.string(), l1: z.string() })),
});

/** One L1 endpoint. Times are milliseconds since 1970 on the server's clock. */
export const l1ProviderView = z.object({
  /** Scheme and host; never a path, which may hold a key. */
  host: z.string(),
  /**
   * `good` · `failing`: no answers or doubtful ones, asked again at `until` · `limited`: asked us to wait ·
   * `benched`: gave an answer that cannot be right · `probation`: back from the bench, not yet believed ·
   * `wrong_chain`: serves another chain.
   */
  state: z.enum(['good', 'failing', 'limited', 'benched', 'probation', 'wrong_chain']),
  /** It served the last step. */
  current: z.boolean(),
  head: blockIdView.nullable(),
  /** Blocks behind the highest head of all. */
  lag: z.number().int().nullable(),
  answers: z.number().int(),
  failures: z.number().int(),
  /** Of the last 32 requests, 0 to 1. */
  errorRate: z.number(),
  latencyMs: z.number().nullable(),
  lastAnswerAt: z.number().nullable(),
  until: z.number().nullable(),
  /** Why it is not good, what to report to its operator, and what it was asked. Null when it is good. */
  reason: z.string().nullable(),
  /** How often it was caught at what. */
  inconsistencies: z.array(z.object({ rule: z.string(), count: z.number().int() })),
});

/** How the execution engine is, as seen from this node, why, and since when. */
export const engineView = z.object({
  state: z.enum(['OFFLINE', 'AUTH_FAILED', 'WRONG_CHAIN', 'SYNCING', 'ONLINE', 'SYNCED', 'FOREIGN_HEAD']),
  reason: z.string(),
  since: z.number(),
});

/** Another node of the same operator, to switch to. */
export const fleetNodeView = z.object({ name: z.string(), url: z.string() });

/** One chaos verb of a devnet, and what it takes. */
export const devnetVerbView = z.object({
  name: z.string(),
  summary: z.string(),
  args: z.array(
    z.discriminatedUnion('kind', [
      /** A node's name, or `leader`; `all` where that is the default. */
      z.object({ kind: z.literal('node'), name: z.string(), default: z.string() }),
      z.object({
        kind: z.literal('number'),
        name: z.string(),
        default: z.number(),
        min: z.number(),
        max: z.number(),
      }),
      z.object({
        kind: z.literal('choice'),
        name: z.string(),
        default: z.string(),
        choices: z.array(z.string()),
      }),
    ]),
  ),
});

/** What became of a chaos verb: one sentence, and whether it is as was asked. */
export const devnetAnswer = z.object({ ok: z.boolean(), sentence: z.string() });
