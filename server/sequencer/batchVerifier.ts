import type { Address } from '../protocol/refs.ts';
import { verifyCall } from './batchBuilder.ts';
import type { RollupSnapshot, SequencerJournal } from './ports.ts';
import type { SubmitterDeps, SubmitterOptions } from './submitter.ts';
import { Submitter } from './submitter.ts';

export interface BatchVerifierOptions extends Omit<SubmitterOptions, 'blobs'> {
  readonly proposer: Address;
  /** A batch is verified when this many have been committed after it; 0 verifies at once. */
  readonly lagBatches: number;
  /** Batches in one `verifyBatches` call. */
  readonly maxBatches: number;
}

export interface BatchVerifierDeps extends SubmitterDeps {
  readonly journal: SequencerJournal;
}

export type VerifyOutcome =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'in_flight'; readonly upTo: number }
  | { readonly kind: 'sent'; readonly first: number; readonly upTo: number }
  | { readonly kind: 'look_again' };

/**
 * Verifies committed batches with empty proofs, on a chain whose contract requires none: what stands in for a
 * prover in a devnet. Verification is what takes messages off the bridge's queue and lets the next batch with
 * messages be committed. It signs with an account of its own.
 */
export class BatchVerifier {
  readonly #opts: BatchVerifierOptions;
  readonly #deps: BatchVerifierDeps;
  readonly #submitter: Submitter;

  constructor(opts: BatchVerifierOptions, deps: BatchVerifierDeps) {
    this.#opts = opts;
    this.#deps = deps;
    this.#submitter = new Submitter({ ...opts, blobs: false }, deps);
  }

  /** Errors: as `Submitter.send`. */
  async step(snapshot: RollupSnapshot, signal?: AbortSignal): Promise<VerifyOutcome> {
    const look = { at: snapshot.at, counter: snapshot.lastVerifiedBatch, base: null };
    const settled = await this.#submitter.settle(look, signal);
    if (settled.kind === 'in_flight') return { kind: 'in_flight', upTo: settled.flight.key };
    const first = snapshot.lastVerifiedBatch + 1;
    const ready = snapshot.lastCommittedBatch - this.#opts.lagBatches;
    const upTo = Math.min(ready, first + this.#opts.maxBatches - 1);
    if (upTo < first) return { kind: 'waiting' };
    const call = verifyCall(first, upTo - first + 1, this.#opts.proposer);
    const flight = await this.#submitter.send(upTo, call, look, signal);
    if (flight === null) return { kind: 'look_again' };
    await this.#deps.journal.append(
      'verify.sent',
      { first, upTo, transactions: flight.hashes },
      `batch:${upTo}`,
    );
    return { kind: 'sent', first, upTo };
  }
}
