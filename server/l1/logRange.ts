import { BlockRanges } from '../lib/blockRanges.ts';
import { RangeLimitError } from './jsonRpc.ts';
import { badAnswer } from './wire.ts';

/** Requests for one block range before giving up on a provider that answers nothing but refusals. */
const MAX_REQUESTS = 20_000;

/** Ranges of an L1 provider, whose refusals are told apart from its other failures (refusals.ts). */
export class RangeReader extends BlockRanges {
  constructor() {
    super({ smaller, guard });
  }
}

function smaller(error: unknown, blocks: number): number | null {
  if (!(error instanceof RangeLimitError)) return null;
  // What a provider says it takes counts when it is less than what it has just refused.
  const said = error.blocks !== null && error.blocks < blocks ? error.blocks : Math.floor(blocks / 2);
  return Math.max(1, said);
}

function guard(requests: number): void {
  if (requests >= MAX_REQUESTS) throw badAnswer('eth_getLogs', `${requests} ranges were refused or empty`);
}
