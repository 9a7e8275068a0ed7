import type { FleetRow } from '../../server/api/historyViews.ts';

/** Where the nodes of a fleet stand to each other. */
export interface Comparison {
  /** Disagreements, each as one sentence with both hashes; empty when all that can be compared agrees. */
  readonly conflicts: readonly {
    readonly what: string;
    readonly at: number;
    readonly sides: readonly Side[];
  }[];
  /** The newest batch that at least two nodes hold, and on which they agree; null when there is none. */
  readonly agreedBatch: number | null;
  /** Names of the nodes that lead, by their own word. More than one is a conflict of its own. */
  readonly leading: readonly string[];
  readonly highest: {
    readonly unsafe: number | null;
    readonly safe: number | null;
    readonly l1: number | null;
  };
}

export interface Side {
  readonly hash: string;
  readonly nodes: readonly string[];
}

const HEADS = [
  ['finalized', 'L2 finalized block'],
  ['safe', 'L2 safe block'],
  ['unsafe', 'L2 unsafe block'],
  ['l1', 'L1 block'],
] as const;

const sidesOf = (facts: readonly { readonly name: string; readonly hash: string }[]): readonly Side[] => {
  const sides = new Map<string, string[]>();
  for (const { name, hash } of facts) sides.set(hash, [...(sides.get(hash) ?? []), name]);
  return [...sides].map(([hash, nodes]) => ({ hash, nodes }));
};

const byNumber = <T extends { readonly number: number }>(facts: readonly T[]): Map<number, T[]> => {
  const grouped = new Map<number, T[]>();
  for (const fact of facts) grouped.set(fact.number, [...(grouped.get(fact.number) ?? []), fact]);
  return grouped;
};

const max = (values: readonly (number | undefined)[]): number | null => {
  const known = values.filter((value): value is number => value !== undefined);
  return known.length === 0 ? null : Math.max(...known);
};

/** Compares what can be compared: blocks of one number, and batches that more than one node holds. Pure. */
export const compareFleet = (rows: readonly FleetRow[]): Comparison => {
  const answering = rows.filter(({ problem }) => problem === null);
  const conflicts: { what: string; at: number; sides: readonly Side[] }[] = [];
  for (const [head, what] of HEADS) {
    const facts = answering.flatMap(({ name, heads }) => {
      const block = heads[head];
      return block === null ? [] : [{ name, number: block.number, hash: block.hash }];
    });
    for (const [at, same] of byNumber(facts)) {
      const sides = sidesOf(same);
      if (sides.length > 1) conflicts.push({ what, at, sides });
    }
  }
  const batches = byNumber(
    answering.flatMap(({ name, batches: held }) =>
      held.map(({ number, lastBlockHash }) => ({ name, number, hash: lastBlockHash })),
    ),
  );
  let agreedBatch: number | null = null;
  for (const [at, same] of [...batches].sort(([a], [b]) => a - b)) {
    if (same.length < 2) continue;
    const sides = sidesOf(same);
    if (sides.length > 1) {
      // Every later batch differs too: the first one says where they parted.
      conflicts.unshift({ what: 'last block of batch', at, sides });
      break;
    }
    agreedBatch = at;
  }
  return {
    conflicts,
    agreedBatch,
    leading: answering.filter(({ leads }) => leads).map(({ name }) => name),
    highest: {
      unsafe: max(answering.map(({ heads }) => heads.unsafe?.number)),
      safe: max(answering.map(({ heads }) => heads.safe?.number)),
      l1: max(answering.map(({ heads }) => heads.l1?.number)),
    },
  };
};
