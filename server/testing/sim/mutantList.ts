import { TWO_BRANCHES_FROM } from './profile.ts';

/** One way to break the driver: `find` stands exactly once in `file`. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Seeds that lead to it, where the ordinary ones do not. */
  readonly from?: number;
}

/** Each is a mistake that somebody made in some driver, or could make in this one tomorrow. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'skips the origin check: an L1 reorg below the origin is no reason to look again',
    file: 'server/driver/plan/check.ts',
    find: '(!event.exact || (origin !== null && origin.number > event.commonAncestor.number))',
    replace: 'false',
  },
  {
    name: 'trusts VALID: does not look whether the head moved',
    file: 'server/driver/applyBatch.ts',
    find: 'if (labels.latest.hash !== want.head.hash) {',
    replace: 'if (false as boolean) {',
  },
  {
    name: 'forgets to reset the reader on a reorg',
    file: 'server/driver/check.ts',
    find: '  memory.dropBranch(event);\n  context.reader.reset();',
    replace: '  memory.dropBranch(event);',
  },
  {
    name: 'takes a stale head for a reorg to a shorter branch',
    file: 'server/l1/localChain.ts',
    find: "if (chain.has(seen)) return { kind: 'stale', seen: idOf(seen), reason: 'known' };",
    replace:
      "if (chain.has(seen) && seen.hash !== newest.hash) return { kind: 'reorg', commonAncestor: idOf(seen), dropped: chain.above(seen.number), depth: chain.above(seen.number).length, adopted: [] };\n  if (chain.has(seen)) return { kind: 'stale', seen: idOf(seen), reason: 'known' };",
  },
  {
    name: 'drops the intent: acts on an L1 reorg before it is written down',
    file: 'server/driver/check.ts',
    find: '  await reorgs.record(l1ReorgRecord(seen, head, batches, l2, contracts.leader, memory.now()));\n',
    replace: '',
  },
  {
    name: 'takes commits of another branch',
    file: 'server/driver/branchCheck.ts',
    find: 'if (tracker.onBranch(commit.l1Block) !== false) return commit;',
    replace: 'if (tracker !== null) return commit;',
    from: TWO_BRANCHES_FROM,
  },
  {
    name: 'believes the logs: what they leave out is not missed',
    file: 'server/driver/forward.ts',
    find: 'if (commit.batchNumber !== cursor.batchNumber + 1) throw logsMissing(context, pinned);',
    replace: '',
  },
  {
    name: 'retries a refused block for ever instead of blocking the batch',
    file: 'server/driver/applyBatch.ts',
    find: "      case 'INVALID':\n        return {\n          kind: 'refused',\n          block: id,\n          reason: 'rejected_by_engine',",
    replace:
      "      case 'INVALID':\n        if (id.number > 0) throw new DriverError('engine_syncing', 'again');\n        return {\n          kind: 'refused',\n          block: id,\n          reason: 'rejected_by_engine',",
  },
  {
    name: 'halts on a head of a dead branch',
    file: 'server/l1/headTracker.ts',
    find: "return contradicts ? { kind: 'beyond_finalized', finalized: ours, seen } : { kind: 'stale', seen };",
    replace:
      "return contradicts || seen ? { kind: 'beyond_finalized', finalized: ours, seen } : { kind: 'stale', seen };",
  },
  {
    name: 'finalizes the safe head',
    file: 'server/driver/finality.ts',
    find: 'const applied = batches.findLast((batch) => batch.commit.l1Block.number <= finalizedNumber);',
    replace: 'const applied = batches.at(-1);',
  },
  {
    name: 'loses a reorg when the step fails after it was seen',
    file: 'server/driver/check.ts',
    find: 'const event = unsettled.joined ?? pinned.view.event;',
    replace: 'const event = pinned.view.event;',
  },
  {
    name: 'confirms each block as safe while the batch is still being inserted',
    file: 'server/driver/applyBatch.ts',
    find: 'const safe = labels.safe?.hash ?? ZERO_HASH;',
    replace: 'const safe = block.hash;',
  },
  {
    name: 'does not derive a found start again',
    file: 'server/driver/verifyHeld.ts',
    find: 'if (found.origin === null) return found;',
    replace: 'if (found !== null) return found;',
  },
  {
    name: 'asks an engine that refused a batch never again',
    file: 'server/driver/forward.ts',
    find: 'msLeft(askedAt + ASK_AGAIN_MS, ASK_AGAIN_MS, now) === 0',
    replace: 'now < askedAt',
  },
  {
    name: 'keeps an engine that moved: does not compare its safe head with the position',
    file: 'server/driver/plan/check.ts',
    find: 'if (!safeIsOurs || labels.latest.number < cursor.lastBlock.number) {',
    replace: 'if (labels.latest.number < 0 || !safeIsOurs === null) {',
  },
  {
    name: 'does not take up the records that a killed process left open',
    file: 'server/driver/driver.ts',
    find: 'this.#resumed ||= await this.#context.reorgs.resume();',
    replace: 'this.#resumed ||= true;',
  },
];
