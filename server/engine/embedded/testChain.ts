/** A small chain of our own for tests: a genesis, accounts with money, an engine in this thread and blocks built by it. */
import type { TransactionSerializable } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { BlockHeader, SealedBlock } from '../../protocol/block.ts';
import { sealBlock } from '../../protocol/blockCodec.ts';
import { toHex } from '../../protocol/bytes.ts';
import type { PayloadAttributes } from '../../protocol/forkchoice.ts';
import { encodePrivilegedTransaction } from '../../protocol/privileged.ts';
import { type Hash, type Hex, ZERO_HASH } from '../../protocol/refs.ts';
import { EngineClient } from '../client.ts';
import type { Engine } from '../engine.ts';
import { EMBEDDED_DEADLINES } from '../methods.ts';
import { toEngineError } from '../transport/rpcErrorCodes.ts';
import { createBackend } from './backend.ts';
import type { EngineCore } from './engineCore.ts';
import { openCore } from './openCore.ts';
import type { RpcError } from './rpcError.ts';

export const CHAIN_ID = 1_337;
export const GENESIS_TIME = 1_700_000_000;
export const alice = privateKeyToAccount(`0x${'a1'.repeat(32)}`);
export const bob = privateKeyToAccount(`0x${'b0'.repeat(32)}`);
export const BRIDGE: Hex = '0x000000000000000000000000000000000000ffff';
export const GWEI = 10n ** 9n;
export const ETHER = 10n ** 18n;

/** Stores its first call-data word in slot 0, then logs that word with topic 7. */
export const STORER: Hex = '0x00000000000000000000000000000000000057e0';
export const STORER_CODE: Hex = '0x60003580600055600052600760206000a100';
/** Always reverts with the 32 bytes of 0x2a. */
export const REVERTER: Hex = '0x000000000000000000000000000000000000dead';
export const REVERTER_CODE: Hex = '0x602a60005260206000fd';

export interface GenesisOptions {
  readonly prague?: boolean;
  readonly cancun?: boolean;
  readonly alloc?: Record<string, unknown>;
  readonly gasLimit?: string;
}

export const testGenesis = ({ prague = true, cancun = true, alloc = {}, gasLimit }: GenesisOptions = {}) => ({
  config: {
    chainId: CHAIN_ID,
    londonBlock: 0,
    shanghaiTime: 0,
    ...(cancun ? { cancunTime: 0 } : {}),
    ...(prague ? { pragueTime: 0 } : {}),
  },
  nonce: '0x0',
  timestamp: `0x${GENESIS_TIME.toString(16)}`,
  gasLimit: gasLimit ?? '0x1c9c380',
  difficulty: '0x0',
  baseFeePerGas: '0x3b9aca00',
  alloc: {
    [alice.address.toLowerCase().slice(2)]: { balance: (1_000n * ETHER).toString() },
    [bob.address.toLowerCase()]: { balance: `0x${(1_000n * ETHER).toString(16)}` },
    [STORER]: { balance: '0x0', code: STORER_CODE },
    [REVERTER]: { balance: '0x0', code: REVERTER_CODE },
    ...alloc,
  },
});

export interface TestEngine {
  readonly core: EngineCore;
  readonly engine: Engine;
  readonly genesis: SealedBlock;
  /** Rejects with EngineError, as the transports do. */
  rpc(method: string, params: readonly unknown[]): Promise<unknown>;
  close(): Promise<void>;
}

export async function openTestEngine(
  options: { genesis?: unknown; dir?: string; l2Rules?: boolean; buildBudget?: number } = {},
): Promise<TestEngine> {
  const { genesis = testGenesis(), dir = null, l2Rules = true } = options;
  const buildBudget = options.buildBudget ?? 60_000;
  const { core, close } = await openCore({ genesis, dir, l2Rules, buildBudget });
  const backend = createBackend(core);
  const rpc = async (method: string, params: readonly unknown[]) => {
    try {
      return await backend.call(method, params);
    } catch (error) {
      throw toEngineError(method, error as RpcError);
    }
  };
  const transport = { call: rpc, close };
  const engine = new EngineClient({ name: 'test', deadlines: EMBEDDED_DEADLINES }, { transport });
  await engine.exchangeCapabilities();
  return { core, engine, genesis: core.chain.genesis, rpc, close };
}

export const attributesAfter = (
  parent: SealedBlock,
  more: Partial<PayloadAttributes> = {},
): PayloadAttributes => ({
  timestamp: parent.timestamp + 1,
  prevRandao: ZERO_HASH,
  suggestedFeeRecipient: `0x${'fe'.repeat(20)}`,
  withdrawals: [],
  parentBeaconBlockRoot: ZERO_HASH,
  ...more,
});

export const toHead = (head: Hash, safe: Hash = ZERO_HASH, finalized: Hash = ZERO_HASH) => ({
  headBlockHash: head,
  safeBlockHash: safe,
  finalizedBlockHash: finalized,
});

/** Builds one block on `parent`, which becomes the head of that engine. */
export async function buildOn(
  engine: Engine,
  parent: SealedBlock,
  more: Partial<PayloadAttributes> = {},
): Promise<SealedBlock> {
  const { payloadId } = await engine.forkchoiceUpdated(toHead(parent.hash), attributesAfter(parent, more));
  if (payloadId === null) throw new Error('no payload id');
  return (await engine.getPayload(payloadId)).block;
}

/** A branch of `count` blocks on `parent`; `mark` makes its hashes differ from another branch's. */
export async function buildBranch(
  engine: Engine,
  parent: SealedBlock,
  count: number,
  mark = 0xfe,
): Promise<SealedBlock[]> {
  const blocks: SealedBlock[] = [];
  const suggestedFeeRecipient = `0x${mark.toString(16).padStart(2, '0').repeat(20)}` as Hex;
  for (let index = 0; index < count; index++) {
    blocks.push(await buildOn(engine, blocks.at(-1) ?? parent, { suggestedFeeRecipient }));
  }
  return blocks;
}

/** The block with some header fields changed and its hash made anew. */
export function tamper(block: SealedBlock, change: Partial<BlockHeader>): SealedBlock {
  return sealBlock({ ...block.header, ...change }, block.transactions, block.withdrawals);
}

type Signer = typeof alice;

/** A signed type-2 transaction with everything but what is given filled in. */
export const sign = (
  signer: Signer,
  transaction: Partial<TransactionSerializable> & { nonce: number },
): Promise<Hex> =>
  signer.signTransaction({
    chainId: CHAIN_ID,
    type: 'eip1559',
    gas: 100_000n,
    maxFeePerGas: 10n * GWEI,
    maxPriorityFeePerGas: 1n * GWEI,
    to: bob.address,
    ...transaction,
  } as TransactionSerializable);

export interface PrivilegedOptions {
  readonly from?: Hex;
  readonly to?: Hex;
  readonly value?: bigint;
  readonly gasLimit?: bigint;
  readonly data?: Uint8Array;
  readonly messageId?: bigint;
  readonly maxFeePerGas?: bigint;
}

export const privileged = (options: PrivilegedOptions = {}): Hex =>
  toHex(
    encodePrivilegedTransaction({
      chainId: BigInt(CHAIN_ID),
      from: BRIDGE,
      to: BRIDGE,
      messageId: 0n,
      value: 0n,
      gasLimit: 105_000n,
      data: new Uint8Array(0),
      maxFeePerGas: 100n * GWEI,
      maxPriorityFeePerGas: GWEI,
      ...options,
    }),
  );
