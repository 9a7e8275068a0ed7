import { WEBHOOK_SCHEMA, type WebhookBody, type WebhookView, webhookBody } from '../api/webhookView.ts';
import type { Journal, JournalEvent } from '../journal/journal.ts';
import type { BackoffSchedule } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { type Pace, SteppableLoop } from '../lib/loop.ts';
import type { Secret } from '../telemetry/secret.ts';
import type { CursorStore } from './cursorFile.ts';
import type { Post } from './guardedPost.ts';
import { EVENT_ID_HEADER, SIGNATURE_HEADER, sign } from './signature.ts';

export interface WebhookOptions {
  /** Where to, for people. */
  readonly host: string;
  readonly node: WebhookBody['node'];
}

export interface WebhookDeps {
  readonly clock: Clock;
  readonly journal: Pick<Journal, 'since'>;
  /** The newest event when the journal was opened; 0 for an empty one. What comes later is of this life. */
  readonly openedAt: number;
  readonly post: Post;
  readonly cursor: CursorStore;
  readonly secret: Secret<string>;
  readonly sentenceOf: (event: Pick<JournalEvent, 'kind' | 'payload'>) => string;
  /** After each change of `view()`. Must not throw. */
  readonly onChange: () => void;
  readonly onResult: (result: 'delivered' | 'retry' | 'dead') => void;
  /** [0, 1), for the jitter of the backoff. */
  readonly random?: () => number;
}

export const WEBHOOK_KINDS: readonly string[] = webhookBody.shape.kind.options;

/** After the first try: 2 s, 8 s, 32 s, 2 min and 8.5 min later, a fifth less at most. */
const RETRIES = 5;
const BACKOFF: BackoffSchedule = { firstMs: 2_000, maxMs: 600_000, factor: 4, jitter: 0.2 };
const PAGE = 100;
const KEPT_DEAD = 20;
const IDLE_MS = 5_000;

type Dead = WebhookView['dead'][number];

/**
 * Tells a receiver of reorgs and changes of the verdict. The journal is the outbox: an event is sent because it is in
 * there, in its order, and the cursor moves behind it only after the receiver took it or after the last try. So nothing
 * is lost by a crash, and the same event may come twice: it has an id for that.
 */
export class Webhook {
  readonly #options: WebhookOptions;
  readonly #deps: WebhookDeps;
  readonly #loop: SteppableLoop;
  #cursor: number | null = null;
  #dead: readonly Dead[] = [];
  #tries = 0;
  #failing: WebhookView['failing'] = null;
  #pending = 0;
  #lastDeliveredAt: number | null = null;

  constructor(options: WebhookOptions, deps: WebhookDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#loop = new SteppableLoop(
      { name: 'webhook', idleMs: IDLE_MS, backoff: BACKOFF },
      {
        clock: deps.clock,
        unit: (signal) => this.#unit(signal),
        onError: (error) => this.#trouble(0, error instanceof Error ? error.message : String(error)),
        ...(deps.random === undefined ? {} : { random: deps.random }),
      },
    );
  }

  /** At most one event. Never rejects. */
  step(): Promise<Pace> {
    return this.#loop.step();
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** The journal has something new. */
  wake(): void {
    this.#loop.wake();
  }

  view(): WebhookView {
    return {
      host: this.#options.host,
      pending: this.#pending,
      lastDeliveredAt: this.#lastDeliveredAt,
      failing: this.#failing,
      dead: [...this.#dead],
    };
  }

  async #unit(signal: AbortSignal): Promise<Pace> {
    const cursor = this.#cursor ?? (await this.#begin());
    const events = await this.#deps.journal.since(cursor, PAGE);
    const wanted = events.filter(({ kind }) => WEBHOOK_KINDS.includes(kind));
    if (this.#pending !== wanted.length) {
      this.#pending = wanted.length;
      this.#deps.onChange();
    }
    const [event] = wanted;
    if (event === undefined) {
      const last = events.at(-1);
      // Kept in memory alone: what is skipped again after a restart costs nothing.
      if (last !== undefined) this.#cursor = last.seq;
      return events.length === PAGE ? 'again' : 'idle';
    }
    return this.#deliver(event, signal);
  }

  /** Where the last life stopped; what was there already for the first one, and for a journal that began anew. */
  async #begin(): Promise<number> {
    const { cursor: store, openedAt } = this.#deps;
    const saved = await store.read();
    this.#dead = saved?.dead ?? [];
    const cursor = saved === null || saved.cursor > openedAt ? openedAt : saved.cursor;
    this.#cursor = cursor;
    await store.write({ cursor, dead: [...this.#dead] });
    return cursor;
  }

  async #deliver(event: JournalEvent, signal: AbortSignal): Promise<Pace> {
    const { clock, post, secret, onResult } = this.#deps;
    const body = JSON.stringify(this.#bodyOf(event));
    const headers = {
      [SIGNATURE_HEADER]: sign(secret.reveal(), Math.floor(clock.now() / 1000), body),
      [EVENT_ID_HEADER]: this.#idOf(event),
    };
    const outcome = await post(body, headers, signal);
    if (signal.aborted) return 'stop';
    if (outcome.ok) {
      onResult('delivered');
      this.#lastDeliveredAt = clock.now();
      await this.#pass(event.seq);
      return 'again';
    }
    this.#tries += 1;
    if (this.#tries <= RETRIES) {
      onResult('retry');
      this.#trouble(event.seq, outcome.message);
      return 'failed';
    }
    onResult('dead');
    const { seq, kind, at } = event;
    const dead = { seq, kind, at, gaveUpAt: clock.now(), message: outcome.message };
    this.#dead = [dead, ...this.#dead].slice(0, KEPT_DEAD);
    await this.#pass(seq);
    return 'again';
  }

  async #pass(seq: number): Promise<void> {
    this.#tries = 0;
    this.#failing = null;
    this.#cursor = seq;
    this.#pending = Math.max(0, this.#pending - 1);
    this.#deps.onChange();
    await this.#deps.cursor.write({ cursor: seq, dead: [...this.#dead] });
  }

  #trouble(seq: number, message: string): void {
    this.#failing = { seq, tries: this.#tries, message };
    this.#deps.onChange();
  }

  /** A journal that begins anew counts from 1 again, so the time belongs to the identity. */
  #idOf({ seq, at }: JournalEvent): string {
    const { name, l2ChainId } = this.#options.node;
    return `${l2ChainId}:${name}:${seq}:${at}`;
  }

  #bodyOf(event: JournalEvent): WebhookBody {
    const { seq, at, kind, payload } = event;
    const id = (payload as { id?: unknown } | null)?.id;
    const reorg = kind.startsWith('reorg.') && typeof id === 'string';
    return {
      schema: WEBHOOK_SCHEMA,
      id: this.#idOf(event),
      seq,
      at,
      kind: kind as WebhookBody['kind'],
      sentence: this.#deps.sentenceOf(event),
      node: this.#options.node,
      path: reorg ? `/reorgs/${encodeURIComponent(id)}` : '/health',
      data: payload,
    };
  }
}
