import type { BlockHeader } from '../protocol/block.ts';

/** Deadlines of execution-apis in milliseconds; the same methods with an engine written in JavaScript behind them. */
export interface Deadlines {
  readonly newPayload: number;
  readonly forkchoiceUpdated: number;
  readonly getPayload: number;
  readonly exchangeCapabilities: number;
  /** eth_ reads. */
  readonly read: number;
}

/** execution-apis paris.md, "Timeout" of each method. */
export const STANDARD_DEADLINES: Deadlines = {
  newPayload: 8_000,
  forkchoiceUpdated: 8_000,
  getPayload: 1_000,
  exchangeCapabilities: 1_000,
  read: 5_000,
};

/** The embedded engine executes a full block of 150 M gas in tens of seconds, and reads wait while it does. */
export const EMBEDDED_DEADLINES: Deadlines = {
  newPayload: 300_000,
  forkchoiceUpdated: 120_000,
  getPayload: 120_000,
  exchangeCapabilities: 120_000,
  read: 300_000,
};

/** The one table of method versions, by what the header of the block has. */
export interface MethodSet {
  readonly newPayload: string;
  readonly forkchoiceUpdated: string;
  readonly getPayload: string;
}

const VERSIONS = {
  paris: {
    newPayload: 'engine_newPayloadV1',
    forkchoiceUpdated: 'engine_forkchoiceUpdatedV1',
    getPayload: 'engine_getPayloadV1',
  },
  shanghai: {
    newPayload: 'engine_newPayloadV2',
    forkchoiceUpdated: 'engine_forkchoiceUpdatedV2',
    getPayload: 'engine_getPayloadV2',
  },
  cancun: {
    newPayload: 'engine_newPayloadV3',
    forkchoiceUpdated: 'engine_forkchoiceUpdatedV3',
    getPayload: 'engine_getPayloadV3',
  },
  prague: {
    newPayload: 'engine_newPayloadV4',
    forkchoiceUpdated: 'engine_forkchoiceUpdatedV3',
    getPayload: 'engine_getPayloadV4',
  },
  // A header of Osaka has the fields of one of Prague: only what is built comes out by another method.
  osaka: {
    newPayload: 'engine_newPayloadV4',
    forkchoiceUpdated: 'engine_forkchoiceUpdatedV3',
    getPayload: 'engine_getPayloadV5',
  },
} as const satisfies Record<string, MethodSet>;

export type PayloadFork = keyof typeof VERSIONS;

/** Every Engine API method the client may call: what it tells the engine in `engine_exchangeCapabilities`. */
export const CLIENT_CAPABILITIES: readonly string[] = [
  ...new Set(Object.values(VERSIONS).flatMap((methods) => Object.values(methods))),
].sort();

/** The engine knows privileged (0x7e) transactions; without this name, an INVALID for a block with one says nothing. */
export const PRIVILEGED_CAPABILITY = 'plumbline_privilegedTransactionsV1';

/** The engine takes `transactions`, `noTxPool` and `gasLimit` in payload attributes, which execution-apis does not have. */
export const FORCED_CAPABILITY = 'plumbline_payloadTransactionsV1';

export const methodsOf = (fork: PayloadFork): MethodSet => VERSIONS[fork];

/** The hardfork whose methods carry a block (Osaka's are Prague's), told by the fields its header has. */
export function payloadForkOf(header: BlockHeader): PayloadFork {
  if (header.requestsHash !== null) return 'prague';
  if (header.parentBeaconBlockRoot !== null) return 'cancun';
  return header.withdrawalsRoot !== null ? 'shanghai' : 'paris';
}

/** Newest first: the order in which a client that does not know the engine's fork times tries to build a block. */
export const PAYLOAD_FORKS: readonly PayloadFork[] = ['osaka', 'prague', 'cancun', 'shanghai', 'paris'];
