import { assertNever } from '../lib/assertNever.ts';
import { msLeft } from '../lib/wait.ts';
import { BLOB_BYTES } from '../protocol/blob.ts';
import type { Hash, L1BlockId } from '../protocol/refs.ts';
import { SequencerError } from './errors.ts';
import type { Clock, Fees, L1Account, L1Call } from './ports.ts';
import type { Attempt, FeeCap } from './state/submission.ts';
import { higherFees, judge, replacementFees, withinCap } from './state/submission.ts';

/** Deeper L1 reorgs only cost a few refused replacements. */
const REMEMBERED_FLOORS = 64;

/** The caps are what no transaction of this account may exceed. */
export interface SubmitterOptions extends FeeCap {
  /** Without an answer for this long, a transaction is sent again with higher fees. */
  readonly resubmitAfterMs: number;
  /** Whether its transactions carry blobs: pools replace one that does only by another that does. */
  readonly blobs: boolean;
}

export interface SubmitterDeps {
  readonly account: L1Account;
  readonly clock: Clock;
}

/** A transaction in flight, with every hash it was sent under: at most one of them can be mined. */
export interface InFlight extends Attempt {
  readonly call: L1Call;
  readonly gas: bigint;
  readonly hashes: readonly Hash[];
}

export type Settled =
  | { readonly kind: 'idle' }
  /** Keep waiting. `resent` when this step sent it again. */
  | { readonly kind: 'in_flight'; readonly flight: InFlight; readonly resent: boolean }
  | { readonly kind: 'reached' | 'lost' | 'stale'; readonly flight: InFlight };

/** L1's answer to a look at one block. */
export interface Look {
  readonly at: L1BlockId;
  /** `lastCommittedBatch` or `lastVerifiedBatch` there. */
  readonly counter: number;
  /** Last block of batch `counter` where the next transaction builds on it; else null. */
  readonly base: Hash | null;
}

/**
 * Raises one counter on L1, one transaction at a time, from an account that it alone signs for. What became of
 * a transaction is read from the counter and the account's nonce at one L1 block, not from a receipt, so that
 * time-outs, drops, replacements and a restart of this process need no cases of their own: the next transaction
 * takes the account's mined nonce, and two with one nonce can never both land.
 *
 * The contract does not look at what a batch builds on. So a transaction made for another state of L1 (before a
 * reorg, or by an earlier life of this process) must not land behind a new one: `clear` fills the nonces of all
 * such transactions with empty ones, and nothing else is sent until those are mined.
 */
export class Submitter {
  readonly #opts: SubmitterOptions;
  readonly #deps: SubmitterDeps;
  #flight: InFlight | null = null;
  /** A look that called a transaction lost. */
  #doubt: { readonly flight: InFlight; readonly at: Hash; readonly since: number } | null = null;
  /** What a transaction of a nonce must offer at least, because the pool holds another of it. */
  readonly #floors = new Map<number, Fees>();
  /** Highest nonce signed for in this life; below the mined nonce when nothing is open. */
  #highest = -1;
  /** What the transaction with that nonce builds on. */
  #base: Hash | null = null;
  /** Transactions may be around that must not land. True at first: an earlier life may have left some. */
  #dirty = true;
  #cleanedAt = 0;

  constructor(opts: SubmitterOptions, deps: SubmitterDeps) {
    this.#opts = opts;
    this.#deps = deps;
  }

  get inFlight(): InFlight | null {
    return this.#flight;
  }

  /**
   * Judges the transaction in flight by L1's state and sends it again when it is overdue. Counter and nonce may come
   * from two backends, of which one is a block ahead: lost is only what a second look calls so as well.
   */
  async settle(look: Look, signal?: AbortSignal): Promise<Settled> {
    const flight = this.#flight;
    if (flight === null) return { kind: 'idle' };
    const minedNonce = await this.#deps.account.minedNonce(look.at, signal);
    const seen = { counter: look.counter, base: look.base, minedNonce };
    const judgement = judge(flight, seen, this.#deps.clock.now(), this.#opts.resubmitAfterMs);
    if (judgement !== 'lost') this.#doubt = null;
    switch (judgement) {
      case 'pending':
        return { kind: 'in_flight', flight, resent: false };
      case 'overdue':
        return { kind: 'in_flight', flight: await this.#resend(flight, signal), resent: true };
      case 'lost':
        if (!this.#isLostAgain(flight, look)) return { kind: 'in_flight', flight, resent: false };
        break;
      default:
    }
    this.#flight = null;
    return { kind: judgement, flight };
  }

  /** Another head, or the same one much later: what two backends disagreed about is over by then. */
  #isLostAgain(flight: InFlight, { at }: Look): boolean {
    const now = this.#deps.clock.now();
    const doubt = this.#doubt;
    const waits = this.#opts.resubmitAfterMs / 4;
    if (doubt?.flight === flight) {
      return doubt.at !== at.hash || msLeft(doubt.since + waits, waits, now) === 0;
    }
    this.#doubt = { flight, at: at.hash, since: now };
    return false;
  }

  /**
   * Sends `call`, which raises the counter from `look.counter` to `key`, with the account's mined nonce.
   * Resolves to null when L1 wants another look first: the nonce was mined meanwhile, or a transaction of an
   * earlier life of this process holds it and has to be outbid.
   * Errors: `call_reverts`, `fee_cap`, `submission_refused`.
   */
  async send(key: number, call: L1Call, look: Look, signal?: AbortSignal): Promise<InFlight | null> {
    const { account } = this.#deps;
    if (!(await this.#isClear(look, signal))) return null;
    const nonce = await account.minedNonce(look.at, signal);
    const quote = await account.quote(call, signal);
    if (quote.kind === 'reverts')
      throw new SequencerError('call_reverts', `the contract refuses: ${quote.error}`);
    const fees = this.#atLeastFloor(quote.fees, nonce);
    this.#checkCap(fees);
    // Estimates are made at the latest block; the one that mines the call may find other storage warm or set.
    const gas = (quote.gas * 12n) / 10n;
    return this.#submit(
      { from: look.counter, base: look.base, key, call, nonce, gas, fees, hashes: [] },
      signal,
    );
  }

  /**
   * Makes sure that no transaction sent so far can be mined any more. False until that is so; call it again with
   * the next look. It gives up the transaction in flight.
   */
  async clear(look: Look, signal?: AbortSignal): Promise<boolean> {
    const { account, clock } = this.#deps;
    const mined = await account.minedNonce(look.at, signal);
    const top = Math.max((await account.pendingNonce(signal)) - 1, this.#highest);
    this.#flight = null;
    this.#dirty = top >= mined;
    if (!this.#dirty) return true;
    const waits = this.#opts.resubmitAfterMs / 4;
    if (msLeft(this.#cleanedAt + waits, waits, clock.now()) > 0) return false;
    this.#cleanedAt = clock.now();
    const blobs = this.#opts.blobs ? [new Uint8Array(BLOB_BYTES)] : [];
    const call: L1Call = { to: account.address, data: '0x', value: 0n, blobs };
    const quote = await account.quote(call, signal);
    if (quote.kind === 'reverts')
      throw new SequencerError('call_reverts', `empty transaction: ${quote.error}`);
    for (let nonce = mined; nonce <= top; nonce++) {
      const fees = this.#atLeastFloor(quote.fees, nonce);
      this.#checkCap(fees);
      await this.#hand(call, { nonce, gas: quote.gas, fees }, signal);
    }
    return false;
  }

  /** A leftover with the next nonce is harmless if it builds on the same block: one of the two lands. */
  async #isClear(look: Look, signal?: AbortSignal): Promise<boolean> {
    const mined = await this.#deps.account.minedNonce(look.at, signal);
    const harmless = this.#highest < mined || (this.#highest === mined && this.#base === look.base);
    return (!this.#dirty && harmless) || this.clear(look, signal);
  }

  /** Offers more for the same call; above the cap, the same again, for a pool that forgot it. */
  async #resend(flight: InFlight, signal?: AbortSignal): Promise<InFlight> {
    const quote = await this.#deps.account.quote(flight.call, signal);
    const current = quote.kind === 'ok' ? quote.fees : flight.fees;
    const raised = this.#atLeastFloor(current, flight.nonce);
    const affordable = withinCap(raised, this.#opts);
    const sent = await this.#submit({ ...flight, fees: affordable ? raised : flight.fees }, signal);
    if (!affordable) this.#checkCap(raised);
    return sent ?? flight;
  }

  #atLeastFloor(fees: Fees, nonce: number): Fees {
    const floor = this.#floors.get(nonce);
    return floor === undefined ? fees : higherFees(fees, floor);
  }

  async #submit(wanted: Omit<InFlight, 'sentAt'>, signal?: AbortSignal): Promise<InFlight | null> {
    this.#base = wanted.base;
    const hash = await this.#hand(wanted.call, wanted, signal);
    if (hash === null) return null;
    const hashes = wanted.hashes.includes(hash) ? wanted.hashes : [...wanted.hashes, hash];
    this.#flight = { ...wanted, sentAt: this.#deps.clock.now(), hashes };
    return this.#flight;
  }

  /**
   * Hands one transaction to L1's pool. Null when the pool wants more for this nonce or L1 has mined it. A send
   * whose answer is lost changes no floor: the same transaction again is known to the pool, and another one is
   * told that it offers too little.
   */
  async #hand(
    call: L1Call,
    terms: { readonly nonce: number; readonly gas: bigint; readonly fees: Fees },
    signal?: AbortSignal,
  ): Promise<Hash | null> {
    const { nonce, gas, fees } = terms;
    this.#highest = Math.max(this.#highest, nonce);
    const outcome = await this.#deps.account.submit(call, { nonce, gas, fees }, signal);
    switch (outcome.kind) {
      case 'accepted':
      case 'underpriced':
        this.#floors.set(nonce, replacementFees(fees));
        this.#floors.delete(nonce - REMEMBERED_FLOORS);
        return outcome.kind === 'accepted' ? outcome.hash : null;
      case 'nonce_too_low':
        return null;
      case 'refused':
        throw new SequencerError('submission_refused', outcome.detail);
      default:
        return assertNever(outcome, 'submit outcome');
    }
  }

  #checkCap(fees: Fees): void {
    const { maxFeePerGas, maxFeePerBlobGas } = this.#opts;
    if (withinCap(fees, this.#opts)) return;
    throw new SequencerError(
      'fee_cap',
      `landing it needs ${fees.maxFeePerGas} wei per gas and ${fees.maxFeePerBlobGas ?? 0n} per blob gas; ` +
        `the caps are ${maxFeePerGas} and ${maxFeePerBlobGas}`,
    );
  }
}
