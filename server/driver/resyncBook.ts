import { AnswersByKey } from '../lib/answersByKey.ts';
import {
  type ExecuteAnswer,
  isFinal,
  type ResyncPreview,
  type ResyncRequest,
  refusal,
} from './plan/resync.ts';

/** Previews are kept in memory. */
const MAX_PREVIEWS = 32;

/** Previews that may still be executed, answers by idempotency key, and how fast batches were derived lately. */
export class ResyncBook {
  readonly #previews = new Map<string, ResyncPreview>();
  readonly #answers = new AnswersByKey<ExecuteAnswer>(isFinal);
  #spent = { ms: 0, batches: 0 };

  keep(preview: ResyncPreview): void {
    this.#previews.set(preview.id, preview);
    for (const old of this.#previews.keys()) {
      if (this.#previews.size <= MAX_PREVIEWS) return;
      this.#previews.delete(old);
    }
  }

  preview(id: string): ResyncPreview | null {
    return this.#previews.get(id) ?? null;
  }

  /** A preview is executed once. */
  drop(id: string): void {
    this.#previews.delete(id);
  }

  /** Runs `decide` for a key that was never used, and answers what it answered for one that was. */
  once(request: ResyncRequest, decide: () => Promise<ExecuteAnswer>): Promise<ExecuteAnswer> {
    const reused = refusal('key_reused', 'This idempotency key was used for another request: use a new one.');
    return this.#answers.run(request.idempotencyKey, fingerprint(request), decide) ?? Promise.resolve(reused);
  }

  /** Answers that were given before this process started, oldest first. */
  restore(found: readonly { readonly request: ResyncRequest; readonly answer: ExecuteAnswer }[]): void {
    for (const { request, answer } of found) {
      this.#answers.restore(request.idempotencyKey, fingerprint(request), answer);
    }
  }

  /** One step took `ms` and derived `batches`. */
  measured(ms: number, batches: number): void {
    if (batches <= 0) return;
    // Older steps count less: what a batch costs changes with its size.
    this.#spent = { ms: this.#spent.ms / 2 + ms, batches: this.#spent.batches / 2 + batches };
  }

  get msPerBatch(): number | null {
    return this.#spent.batches > 0 && this.#spent.ms > 0 ? this.#spent.ms / this.#spent.batches : null;
  }
}

const fingerprint = ({ previewId, expected, reason, confirm, override }: ResyncRequest): string =>
  JSON.stringify([previewId, expected.unsafe, expected.safe, expected.finalized, reason, confirm, override]);
