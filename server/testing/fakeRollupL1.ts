/**
 * An L1 that knows one rollup: blocks, a pool, nonces, the proposer's counters and the bridge's queue, with
 * reorgs and the ways a transaction gets lost. It speaks the sequencer's ports and keeps every branch.
 */
import { decodeFunctionData } from 'viem';
import { fromHex, toHex } from '../protocol/bytes.ts';
import { onChainProposerAbi } from '../protocol/contractsAbi.ts';
import { keccak256Hex } from '../protocol/keccak.ts';
import { privilegedRollingHash, privilegedTransactionHash } from '../protocol/privileged.ts';
import type { Address, Hash, Hex, L1BlockId, L1BlockRef } from '../protocol/refs.ts';
import { ZERO_HASH } from '../protocol/refs.ts';
import type {
  BridgeLogs,
  Fees,
  GasQuote,
  L1Account,
  L1Call,
  L1Message,
  RollupContracts,
  RollupSnapshot,
  SubmitOutcome,
} from '../sequencer/ports.ts';

export interface CommittedBatch {
  readonly number: number;
  readonly lastBlockHash: Hash;
  readonly messages: number;
  /** RLP of its blocks. */
  readonly blocks: readonly Hex[];
}

interface State {
  readonly committed: readonly CommittedBatch[];
  readonly verified: number;
  readonly queue: readonly Hash[];
  readonly nonces: ReadonlyMap<Address, number>;
}

interface Block extends L1BlockRef {
  readonly state: State;
  readonly messages: readonly L1Message[];
  readonly mined: readonly Pooled[];
}

interface Pooled {
  readonly from: Address;
  readonly nonce: number;
  readonly fees: Fees;
  readonly data: Hex;
  readonly hash: Hash;
}

/** What happens to the next transaction handed in: afterwards all is well again. */
export type SendFault = 'none' | 'lost' | 'answer_lost' | 'lost_and_answer_lost';

const BRIDGE: Address = '0x000000000000000000000000000000000000ffff';
const FEES: Fees = { maxFeePerGas: 100n, maxPriorityFeePerGas: 10n, maxFeePerBlobGas: null };

export class FakeRollupL1 implements RollupContracts, BridgeLogs {
  readonly l2ChainId = 65_536_998;
  /** Applies to every account's next send. */
  nextSend: SendFault = 'none';
  /** What estimates say instead of trying; null tries. */
  refuses: string | null = null;
  fees: Fees = FEES;
  /** Every transaction that reached the pool, in order. */
  readonly seen: Pooled[] = [];
  #pool: Pooled[] = [];
  #chain: Block[];
  #waiting: L1Message[] = [];
  #salt = 0;

  constructor() {
    const state: State = { committed: [], verified: 0, queue: [], nonces: new Map() };
    this.#chain = [this.#block(null, state, [], [])];
  }

  get head(): L1BlockRef {
    return this.#chain.at(-1)!;
  }

  get committed(): readonly CommittedBatch[] {
    return this.#state.committed;
  }

  get pool(): readonly Pooled[] {
    return this.#pool;
  }

  /** A deposit that the next block holds. */
  deposit(value: bigint): void {
    const transactionId = BigInt(this.#state.queue.length + this.#waiting.length);
    const l1Block: L1BlockId = { number: 0, hash: ZERO_HASH };
    const fields = { from: BRIDGE, to: BRIDGE, gasLimit: 105_000n, data: '0xb0f4d395' as const };
    this.#waiting.push({ transactionId, value, l1Block, ...fields });
  }

  /** Mines one block with everything in the pool whose nonce is next. */
  mine(): L1BlockRef {
    const parent = this.#chain.at(-1)!;
    const messages = this.#waiting;
    this.#waiting = [];
    let state: State = {
      ...parent.state,
      queue: [...parent.state.queue, ...messages.map((m) => this.#hash(m))],
    };
    const mined: Pooled[] = [];
    for (const tx of [...this.#pool].sort((a, b) => a.nonce - b.nonce)) {
      if (tx.nonce !== (state.nonces.get(tx.from) ?? 0)) continue;
      const nonces = new Map(state.nonces).set(tx.from, tx.nonce + 1);
      const after = apply(state, tx.data);
      state = { ...(after ?? state), nonces };
      mined.push(tx);
    }
    this.#pool = this.#pool.filter((tx) => tx.nonce >= (state.nonces.get(tx.from) ?? 0));
    const block = this.#block(parent, state, messages, mined);
    this.#chain.push(block);
    return block;
  }

  /** Drops the last `depth` blocks; their transactions return to the pool or are lost, their deposits are lost. */
  reorg(depth: number, transactions: 'return' | 'lost'): void {
    const dropped = depth === 0 ? [] : this.#chain.splice(-depth);
    if (transactions === 'return') this.#pool = [...dropped.flatMap((block) => block.mined), ...this.#pool];
    this.mine();
  }

  /** The pool forgets everything, as a restarted node does. */
  emptyPool(): void {
    this.#pool = [];
  }

  /** Someone else commits, at once in a block of its own. */
  commitByAnother(lastBlockHash: Hash): void {
    const parent = this.#chain.at(-1)!;
    const batch = { number: parent.state.committed.length + 1, lastBlockHash, messages: 0, blocks: [] };
    const state = { ...parent.state, committed: [...parent.state.committed, batch] };
    this.#chain.push(this.#block(parent, state, [], []));
  }

  /** Seconds that the bridge lets a message wait. */
  waitSeconds = 3_000;
  /** `privilegedTxDeadline` calls answered. */
  deadlinesAsked = 0;
  /** Makes the next reading of deadlines fail. */
  failDeadlines = false;

  async maxWait(): Promise<number> {
    return this.waitSeconds;
  }

  async deadlines(messages: readonly Hash[]): Promise<readonly number[]> {
    if (this.failDeadlines) {
      this.failDeadlines = false;
      throw Object.assign(new Error('no answer'), { code: 'timeout' });
    }
    this.deadlinesAsked += messages.length;
    return messages.map((hash) => {
      const sent = this.#chain.findLast((block) =>
        block.messages.some((message) => this.#hash(message) === hash),
      );
      return sent === undefined ? 0 : sent.timestamp + this.waitSeconds;
    });
  }

  async snapshot(): Promise<RollupSnapshot> {
    const at = this.#chain.at(-1)!;
    const { committed, verified, queue } = at.state;
    return {
      at,
      lastCommittedBatch: committed.length,
      lastCommittedBlockHash: committed.at(-1)?.lastBlockHash ?? null,
      lastVerifiedBatch: verified,
      unverifiedMessages: countMessages(committed.slice(verified)),
      pendingMessages: queue.slice(countMessages(committed.slice(0, verified))),
      leader: null,
      finalizedBlockHash: null,
    };
  }

  async messages(from: number, to: number): Promise<readonly L1Message[]> {
    return this.#chain.slice(from, to + 1).flatMap((block) =>
      block.messages.map((message) => ({
        ...message,
        l1Block: { number: block.number, hash: block.hash },
      })),
    );
  }

  async blockHash(number: number): Promise<Hash | null> {
    return this.#chain[number]?.hash ?? null;
  }

  account(address: Address): L1Account {
    return {
      address,
      minedNonce: async (at) => this.#chain[at.number]?.state.nonces.get(address) ?? 0,
      pendingNonce: async () => {
        const mined = this.#state.nonces.get(address) ?? 0;
        const pooled = this.#pool.filter((tx) => tx.from === address).map((tx) => tx.nonce);
        let next = mined;
        while (pooled.includes(next)) next++;
        return next;
      },
      balance: async () => 10n ** 18n,
      quote: async (call) => this.#quote(call),
      submit: async (call, terms) => this.#submit(address, call, terms),
    };
  }

  get #state(): State {
    return this.#chain.at(-1)!.state;
  }

  #quote(call: L1Call): GasQuote {
    if (this.refuses !== null) return { kind: 'reverts', error: this.refuses };
    if (apply(this.#state, call.data) === null) return { kind: 'reverts', error: 'Refused' };
    return { kind: 'ok', gas: 100_000n, fees: this.fees };
  }

  #submit(from: Address, call: L1Call, terms: { nonce: number; fees: Fees }): SubmitOutcome {
    const fault = this.nextSend;
    this.nextSend = 'none';
    if (terms.nonce < (this.#state.nonces.get(from) ?? 0)) return { kind: 'nonce_too_low' };
    const rival = this.#pool.find((tx) => tx.from === from && tx.nonce === terms.nonce);
    const least = rival === undefined ? 0n : (rival.fees.maxFeePerGas * 110n) / 100n;
    if (terms.fees.maxFeePerGas < least) return { kind: 'underpriced' };
    const salt = `0x${(++this.#salt).toString(16).padStart(64, '0')}` as const;
    const tx: Pooled = { from, ...terms, data: call.data, hash: keccak256Hex(fromHex(salt)) };
    if (!fault.startsWith('lost')) {
      this.#pool = [...this.#pool.filter((other) => other !== rival), tx];
      this.seen.push(tx);
    }
    if (fault.endsWith('answer_lost')) throw new Error('no answer in time');
    return { kind: 'accepted', hash: tx.hash };
  }

  readonly #hashes = new WeakMap<L1Message, Hash>();

  #hash(message: L1Message): Hash {
    const known = this.#hashes.get(message);
    if (known !== undefined) return known;
    const hash = privilegedTransactionHash({
      ...message,
      chainId: BigInt(this.l2ChainId),
      messageId: message.transactionId,
      data: fromHex(message.data),
    });
    this.#hashes.set(message, hash);
    return hash;
  }

  #block(
    parent: Block | null,
    state: State,
    messages: readonly L1Message[],
    mined: readonly Pooled[],
  ): Block {
    const number = parent === null ? 0 : parent.number + 1;
    const unique = Uint8Array.of(number & 0xff, number >> 8, ++this.#salt & 0xff, (this.#salt >> 8) & 0xff);
    const hash = toHex(fromHex(keccak256Hex(unique)));
    const parentHash = parent?.hash ?? ZERO_HASH;
    return { number, hash, parentHash, timestamp: 12 * number, state, messages, mined };
  }
}

const countMessages = (batches: readonly CommittedBatch[]): number =>
  batches.reduce((sum, batch) => sum + batch.messages, 0);

/** What a call makes of the contracts' state; null when it reverts. */
function apply(state: State, data: Hex): State | null {
  if (data === '0x') return state;
  const call = decodeFunctionData({ abi: onChainProposerAbi, data });
  if (call.functionName === 'verifyBatches') {
    const [first, proofs] = call.args;
    const upTo = state.verified + proofs.length;
    if (Number(first) !== state.verified + 1 || upTo > state.committed.length) return null;
    return { ...state, verified: upTo };
  }
  if (call.functionName !== 'commitBatch') return null;
  const [number, , , rolling, lastBlockHash, , , blocks] = call.args;
  if (Number(number) !== state.committed.length + 1) return null;
  const messages = Number.parseInt(rolling.slice(2, 6), 16);
  const verified = countMessages(state.committed.slice(0, state.verified));
  // The contract's own rule: a batch's messages are the first unverified ones, whatever is committed already.
  const expected = privilegedRollingHash(state.queue.slice(verified, verified + messages));
  if (messages > 0 && rolling !== expected) return null;
  const batch = { number: Number(number), lastBlockHash, messages, blocks };
  return { ...state, committed: [...state.committed, batch] };
}
