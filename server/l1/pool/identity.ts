import type { Hash } from '../../protocol/refs.ts';
import { InconsistencyError, L1Error } from '../l1.ts';
import type { Member } from './member.ts';

export interface Genesis {
  readonly hash: Hash;
  /** Whose word it is. */
  readonly by: string;
}

/**
 * Which chain this is: chains may share an id, and on developers' machines they do (R45). Whoever has another first
 * block than the one known is caught. While none is known the majority of those who show one decides; without a
 * majority this is a `wrong_chain` error, before anything is written. Nodes that pruned their history show none, and
 * have no say. `need`: providers that must have shown one before it is decided; `all`: how
 * many there are. The chain id itself is asked with every look (R44): a provider may fail over to another at any time.
 */
export function requireSameChain(
  members: readonly Member[],
  { need, all }: { readonly need: number; readonly all: number },
  known: Genesis | null,
): { readonly genesis: Genesis | null; readonly same: readonly Member[] } {
  const shown = members.filter((one): one is Member & { genesis: Hash } => typeof one.genesis === 'string');
  const genesis = known ?? majority(shown, need, all);
  if (genesis === null) return { genesis, same: members };
  const wrong = shown.filter((one) => one.genesis !== genesis.hash);
  const what = (hash: Hash): string =>
    `the first block of its chain is ${hash}, by ${genesis.by} it is ${genesis.hash}: it serves another chain of the same id`;
  const [first] = wrong;
  if (first !== undefined && wrong.length === all) {
    throw new InconsistencyError(
      'wrong_genesis',
      'eth_getBlockByNumber',
      `${first.reads.host}: ${what(first.genesis)}`,
      'wrong_chain',
    );
  }
  for (const one of wrong) one.caught('wrong_genesis', what(one.genesis), 'eth_getBlockByNumber');
  return { genesis, same: members.filter((one) => !wrong.some(({ id }) => id === one.id)) };
}

function majority(shown: readonly (Member & { genesis: Hash })[], need: number, all: number): Genesis | null {
  const hashes = [...new Set(shown.map((one) => one.genesis))];
  const groups = hashes
    .map((hash) => [hash, shown.filter((one) => one.genesis === hash)] as const)
    .sort(([, a], [, b]) => b.length - a.length);
  const [first, second] = groups;
  if (first === undefined || shown.length < need) return null;
  if (second === undefined || first[1].length > second[1].length) {
    return { hash: first[0], by: first[1].map((one) => one.reads.host).join(' and ') };
  }
  const sides = groups.map(
    ([hash, group]) => `${group.map((one) => one.reads.host).join(' and ')} shows ${hash}`,
  );
  // Who is silent for a moment may decide it: only without them is there nothing to wait for.
  throw new L1Error(
    shown.length < all ? 'rpc_error' : 'wrong_chain',
    'eth_getBlockByNumber',
    `the L1 providers serve different chains of the same id: by their first block ${sides.join(', ')}. Remove the wrong one, or name the right first block with --l1-genesis-hash`,
  );
}
