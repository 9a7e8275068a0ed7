/** Users of the devnet: transfers, contract calls and deposits, the same ones for the same seed. */
import { encodeFunctionData, parseAbi } from 'viem';
import { isAbort } from '../lib/abort.ts';
import type { Clock } from '../lib/clock.ts';
import type { Pace } from '../lib/loop.ts';
import { SteppableLoop } from '../lib/loop.ts';
import { commonBridgeAbi } from '../protocol/contractsAbi.ts';
import type { Address, Hash, Hex } from '../protocol/refs.ts';
import { RpcL1Account } from '../sequencer/l1Account.ts';
import { LocalSigner } from '../sequencer/localSigner.ts';
import type { Fees, JsonRpc } from '../sequencer/ports.ts';
import type { DevAccount } from './anvil.ts';
import { DEV_COUNTER, DEV_TOKEN } from './genesis.ts';

export const TRAFFIC_KINDS = ['transfer', 'token', 'counter', 'deposit'] as const;
export type TrafficKind = (typeof TRAFFIC_KINDS)[number];

export interface TrafficOptions {
  readonly seed: number;
  /** Transactions a second over all accounts; 0 sends nothing. */
  readonly perSecond: number;
  /** Every n-th is a deposit on L1; 0 for none. */
  readonly depositEvery: number;
  readonly l2ChainId: number;
  /** Funded on L2. The generator is the only sender for them. */
  readonly accounts: readonly DevAccount[];
}

export interface TrafficDeps {
  readonly clock: Clock;
  /** The sequencer's engine. */
  readonly l2: JsonRpc;
  /** Null when there is no L1 to deposit on. */
  readonly bridge: Depositor | null;
}

export interface Depositor {
  /** Deposits `value` wei for `recipient`; resolves to the hash of the L1 transaction once L1 took it. */
  deposit(recipient: Address, value: bigint, signal?: AbortSignal): Promise<Hash>;
}

export interface TrafficStatus {
  readonly seed: number;
  /** Taken by the pool of L2, or by L1 for a deposit. */
  readonly sent: Readonly<Record<TrafficKind, number>>;
  readonly failed: number;
  readonly lastError: string | null;
}

const TOKEN_ABI = parseAbi([
  'function mint(address to, uint256 value)',
  'function transfer(address to, uint256 value) returns (bool)',
]);
const COUNTER_ABI = parseAbi(['function increment()']);
const BUSIEST_BURST = 64;
/** A pool that was lost with its node leaves a gap of nonces, which later ones wait behind for ever. Milliseconds. */
const STUCK_MS = 10_000;
/** Enough for every call below; the pool takes a limit above need. */
const CALL_GAS = 120_000n;
const TRANSFER_GAS = 21_000n;

interface Sender {
  readonly signer: LocalSigner;
  /** Null when it has to be read first: at the start, after a refusal, and where it got stuck. */
  nonce: number | null;
  /** What L2 would take next, as it was when it was last asked about while more was sent. */
  waitsAt: { readonly nonce: number; readonly since: number } | null;
  minted: boolean;
}

/**
 * Sends transactions at a steady rate. A refusal is counted and shown, never thrown: traffic must not be what
 * brings a devnet down.
 */
export class Traffic {
  readonly #opts: TrafficOptions;
  readonly #deps: TrafficDeps;
  readonly #random: () => number;
  readonly #senders: readonly Sender[];
  readonly #loop: SteppableLoop;
  readonly #sent: Record<TrafficKind, number> = { transfer: 0, token: 0, counter: 0, deposit: 0 };
  #failed = 0;
  #lastError: string | null = null;
  /** How many were due so far, whatever became of them. */
  #tried = 0;
  #startedAt: number | null = null;

  constructor(opts: TrafficOptions, deps: TrafficDeps) {
    if (opts.accounts.length === 0) throw new RangeError('traffic needs at least one account');
    this.#opts = opts;
    this.#deps = deps;
    this.#random = seededRandom(opts.seed);
    this.#senders = opts.accounts.map(({ privateKey }) => ({
      signer: new LocalSigner({ privateKey }, { kzg: null }),
      nonce: null,
      waitsAt: null,
      minted: false,
    }));
    const idleMs = Math.min(1_000, Math.max(20, 1_000 / Math.max(opts.perSecond, 1)));
    this.#loop = new SteppableLoop(
      { name: 'traffic', idleMs },
      {
        clock: deps.clock,
        unit: (signal) => this.#unit(signal),
        onError: (error) => this.#fail(error),
      },
    );
  }

  /** Sends what is due by the clock, at most a burst of 64. Never rejects. */
  step(): Promise<Pace> {
    return this.#loop.step();
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  status(): TrafficStatus {
    return {
      seed: this.#opts.seed,
      sent: { ...this.#sent },
      failed: this.#failed,
      lastError: this.#lastError,
    };
  }

  async #unit(signal: AbortSignal): Promise<Pace> {
    const now = this.#deps.clock.now();
    this.#startedAt ??= now;
    const due = Math.floor(((now - this.#startedAt) * this.#opts.perSecond) / 1000) - this.#tried;
    if (due <= 0) return 'idle';
    // What a pause left undone is not made up for: a burst would say nothing about the rate asked for.
    if (due > BUSIEST_BURST) this.#tried += due - BUSIEST_BURST;
    const fees = await this.#fees(signal);
    for (let count = Math.min(due, BUSIEST_BURST); count > 0; count--) {
      this.#tried++;
      await this.#one(fees, signal);
    }
    return 'idle';
  }

  async #one(fees: Fees, signal: AbortSignal): Promise<void> {
    const sender = this.#pick(this.#senders);
    const recipient = this.#pick(this.#opts.accounts).address;
    const kind = this.#kind();
    const amount = BigInt(1 + Math.floor(this.#random() * 1_000)) * 10n ** 12n;
    try {
      if (kind === 'deposit') await this.#deps.bridge?.deposit(recipient, amount, signal);
      else await this.#send(sender, this.#call(kind, sender, recipient, amount), fees, signal);
      this.#sent[kind]++;
    } catch (error) {
      if (isAbort(error, signal)) throw error;
      if (kind !== 'deposit') sender.nonce = null;
      this.#fail(error);
    }
  }

  #kind(): TrafficKind {
    const { depositEvery } = this.#opts;
    if (this.#deps.bridge !== null && depositEvery > 0 && this.#tried % depositEvery === 0) return 'deposit';
    const dice = this.#random();
    return dice < 0.5 ? 'transfer' : dice < 0.8 ? 'token' : 'counter';
  }

  /** A token's first call from an account mints, so that its later transfers have something to move. */
  #call(kind: Exclude<TrafficKind, 'deposit'>, sender: Sender, recipient: Address, amount: bigint): L2Call {
    if (kind === 'transfer') return { to: recipient, value: amount, data: '0x', gas: TRANSFER_GAS };
    if (kind === 'counter') {
      const data = encodeFunctionData({ abi: COUNTER_ABI, functionName: 'increment' });
      return { to: DEV_COUNTER, value: 0n, data, gas: CALL_GAS };
    }
    const data = sender.minted
      ? encodeFunctionData({ abi: TOKEN_ABI, functionName: 'transfer', args: [recipient, amount] })
      : encodeFunctionData({
          abi: TOKEN_ABI,
          functionName: 'mint',
          args: [sender.signer.address, 10n ** 24n],
        });
    sender.minted = true;
    return { to: DEV_TOKEN, value: 0n, data, gas: CALL_GAS };
  }

  async #send(sender: Sender, call: L2Call, fees: Fees, signal: AbortSignal): Promise<void> {
    await this.#unstick(sender, signal);
    sender.nonce ??= await this.#nextNonce(sender, signal);
    const raw = await sender.signer.sign({
      chainId: this.#opts.l2ChainId,
      nonce: sender.nonce,
      fees,
      blobs: [],
      ...call,
    });
    await this.#deps.l2.request('eth_sendRawTransaction', [raw], signal);
    sender.nonce++;
  }

  async #nextNonce({ signer }: Sender, signal: AbortSignal): Promise<number> {
    return Number(
      await this.#deps.l2.request('eth_getTransactionCount', [signer.address, 'pending'], signal),
    );
  }

  /** Sends again from where L2 stands, as a wallet would, when nothing of this account was taken for ten seconds. */
  async #unstick(sender: Sender, signal: AbortSignal): Promise<void> {
    const now = this.#deps.clock.now();
    if (sender.nonce === null || now - (sender.waitsAt?.since ?? Number.NEGATIVE_INFINITY) < STUCK_MS) return;
    const next = await this.#nextNonce(sender, signal);
    if (next < sender.nonce && sender.waitsAt?.nonce === next) sender.nonce = null;
    sender.waitsAt = { nonce: next, since: now };
  }

  /** Twice the price of now, so that a queue of a few blocks stays valid when the base fee rises. */
  async #fees(signal: AbortSignal): Promise<Fees> {
    const price = BigInt((await this.#deps.l2.request('eth_gasPrice', [], signal)) as Hex);
    return { maxFeePerGas: 2n * price + 1n, maxPriorityFeePerGas: 1n, maxFeePerBlobGas: null };
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!;
  }

  #fail(error: unknown): void {
    this.#failed++;
    this.#lastError = error instanceof Error ? error.message : String(error);
  }
}

interface L2Call {
  readonly to: Address;
  readonly value: bigint;
  readonly data: Hex;
  readonly gas: bigint;
}

/**
 * Deposits from one L1 account that nobody else sends from, without waiting for a block: the next deposit takes
 * the pool's next nonce.
 */
export function bridgeDepositor(
  opts: { readonly bridge: Address; readonly chainId: number; readonly privateKey: Hex },
  deps: { readonly l1: JsonRpc },
): Depositor {
  const signer = new LocalSigner({ privateKey: opts.privateKey }, { kzg: null });
  const account = new RpcL1Account({ chainId: opts.chainId }, { rpc: deps.l1, signer });
  return {
    async deposit(recipient, value, signal) {
      const data = encodeFunctionData({ abi: commonBridgeAbi, functionName: 'deposit', args: [recipient] });
      const call = { to: opts.bridge, data, value, blobs: [] };
      const quote = await account.quote(call, signal);
      if (quote.kind === 'reverts') throw new Error(`the bridge refuses a deposit: ${quote.error}`);
      const pending = await deps.l1.request('eth_getTransactionCount', [account.address, 'pending'], signal);
      const terms = { nonce: Number(pending), gas: (quote.gas * 3n) / 2n, fees: quote.fees };
      const outcome = await account.submit(call, terms, signal);
      if (outcome.kind === 'accepted') return outcome.hash;
      throw new Error(`L1 refuses a deposit: ${outcome.kind === 'refused' ? outcome.detail : outcome.kind}`);
    },
  };
}

/** mulberry32: 32 bits of state, enough to vary traffic and the same everywhere. In [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
