import type { AnnouncedMove, Builder } from './driver/plan/cause.ts';
import type { Address, Hash } from './protocol/refs.ts';
import type { Reverting } from './sequencer/revert.ts';
import type { Replacing } from './sequencer/unsafeFeed/unsafeFeed.ts';

/** Blocks remembered: far more than a node may hold ahead of L1. */
const KEEP = 4_096;

/** Whose blocks are whose: those built here, and those that the leader's own node showed while it led. */
export class BlockBuilders {
  readonly #ours = new Set<Hash>();
  readonly #us: Address;
  readonly #leaderOf: (block: Hash) => Address | null;

  constructor(us: Address, leaderOf: (block: Hash) => Address | null) {
    this.#us = us;
    this.#leaderOf = leaderOf;
  }

  builtHere(block: Hash): void {
    this.#ours.add(block);
    if (this.#ours.size > KEEP) this.#ours.delete(this.#ours.keys().next().value!);
  }

  of(block: Hash): Builder | null {
    if (this.#ours.has(block)) return { kind: 'us', address: this.#us };
    const leader = this.#leaderOf(block);
    return leader === null ? null : { kind: 'leader', address: leader };
  }
}

/** A revert of uncommitted blocks, as the driver records it. */
export function moveOfRevert({ why, from, to, at, leads }: Reverting, leader: Address | null): AnnouncedMove {
  const what = `blocks above ${to.number}, which no batch on L1 holds, are given up`;
  const move = (cause: AnnouncedMove['cause'], reason: string): AnnouncedMove => ({
    cause,
    evidence: [`${reason}: ${what}`],
    from,
    at,
  });
  switch (why) {
    case 'entering':
      return move('LEADER_HANDOVER', 'our turn begins, and we build on what L1 holds');
    case 'leaving':
      return leads
        ? move('UNKNOWN', 'L1 holds a batch that this node does not, so it stopped building')
        : move('LEADER_HANDOVER', `our turn is over, and ${leader ?? 'nobody'} leads`);
    case 'messages_gone':
      return move('L1_REORG', "L1 messages in them are not in the bridge's queue any more");
  }
}

/** Unsafe blocks that the feed gave up because the leader's own node shows others. */
export function moveOfReplaced(
  { from, first, theirs, theirsFrom, at }: Replacing,
  builder: Builder | null,
  leader: Address | null,
): AnnouncedMove {
  const shown = `the node of ${leader ?? 'the leader'} (${theirsFrom}) shows block ${first.number} ${theirs}; the engine held ${first.hash}`;
  const move = (cause: AnnouncedMove['cause'], ...more: string[]): AnnouncedMove => ({
    cause,
    evidence: [shown, ...more],
    from,
    at,
  });
  if (builder === null) return move('UNKNOWN', 'nobody whose block it was had given his word for it');
  const whose = `block ${first.hash} had the word of ${builder.address}`;
  if (builder.address === leader) return move('LEADER_EQUIVOCATION', `${whose} too`);
  return move('LEADER_HANDOVER', `${whose}, who led before`);
}
