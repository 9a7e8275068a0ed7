import type { L2BlockId } from '../protocol/refs.ts';
import type { StepContext } from './context.ts';
import { lastBlockHashOf } from './findStart.ts';
import { classify } from './plan/failure.ts';
import type { Actor, Duty, ExecuteAnswer, PreviewAnswer, Refusal, ResyncProgress } from './plan/resync.ts';
import * as plan from './plan/resync.ts';
import type { DriverEngine, EngineLabels, L1Tracker } from './ports.ts';
import { ResyncBook } from './resyncBook.ts';
import { freshGround, groundBeside, groundNow } from './resyncGround.ts';
import { impactOf } from './resyncImpact.ts';
import { pointOfBatch, resolveTarget } from './resyncPoint.ts';
import { recordResync } from './resyncRecord.ts';
import { rewindAllLabels } from './rewind.ts';
import type { StepOutcome } from './state.ts';

export interface ResyncOptions {
  /** What has to be typed to confirm. */
  readonly nodeName: string;
  readonly cooldownMs?: number | undefined;
}

export interface ResyncDeps {
  readonly tracker: L1Tracker;
  /** Whether this node builds blocks, or will soon. */
  readonly duty: () => Duty;
  /** An id that nobody can guess and that no other call answers. */
  readonly newId: () => string;
  /** There is something for the loop to do. */
  readonly onWork: () => void;
}

interface Asked {
  readonly request: plan.ResyncRequest;
  readonly actor: Actor;
  readonly askedAt: number;
  readonly answer: (answer: ExecuteAnswer) => void;
}

/**
 * The manual resync (driver.md, "Manual resync"). `preview` only looks, beside the loop and without its knowledge.
 * `execute` is decided and done inside the node's one loop, so that nothing moves a head between the check and the act;
 * every attempt is journaled, an accepted one before anything is touched. What comes after the rewind is the driver's
 * ordinary work, watched.
 */
export class Resync {
  readonly #context: StepContext;
  /** For what runs beside the loop: its reads count for none of the loop's. */
  readonly #beside: StepContext;
  readonly #options: { readonly nodeName: string; readonly cooldownMs: number };
  readonly #deps: ResyncDeps;
  readonly #book = new ResyncBook();
  #asked: Asked[] = [];
  #ends = false;

  /** `engine`: the engine of `context` without its watch. */
  constructor(context: StepContext, engine: DriverEngine, options: ResyncOptions, deps: ResyncDeps) {
    this.#context = context;
    this.#beside = { ...context, engine };
    this.#options = { nodeName: options.nodeName, cooldownMs: options.cooldownMs ?? plan.COOLDOWN_MS };
    this.#deps = deps;
  }

  get #current(): ResyncProgress | null {
    return this.#context.memory.state.resync;
  }

  /** Whether somebody waits for an answer. */
  get hasOrders(): boolean {
    return this.#asked.length > 0;
  }

  get running(): boolean {
    return plan.isRunning(this.#current);
  }

  /** Accepted, and the engine is not back at the target yet. */
  get rewinds(): boolean {
    const phase = this.#current?.phase;
    return phase === 'pausing' || phase === 'rewinding';
  }

  /** What going back to `target` would do. Touches nothing; never rejects. */
  async preview(target: plan.ResyncTarget, signal: AbortSignal): Promise<PreviewAnswer> {
    const { memory } = this.#context;
    try {
      const ground = await groundBeside(this.#beside, this.rewinds, signal);
      const resolved = await resolveTarget(this.#beside, target, ground);
      if (!resolved.ok) return resolved;
      const { point } = resolved;
      const { latest, safe, finalized } = ground.labels;
      const impact = await impactOf(this.#beside, point, ground, {
        msPerBatch: this.#book.msPerBatch,
      });
      const madeAt = memory.now();
      const preview: plan.ResyncPreview = {
        id: this.#deps.newId(),
        target,
        point,
        impact,
        expected: { unsafe: idOf(latest), safe: safe && idOf(safe), finalized: finalized && idOf(finalized) },
        l1Head: idOf(ground.head),
        duty: this.#deps.duty(),
        madeAt,
        validUntil: madeAt + plan.PREVIEW_VALID_MS,
      };
      this.#book.keep(preview);
      return { ok: true, preview };
    } catch (error) {
      return unavailable(error);
    }
  }

  /** Answers when it is accepted or refused, the same for the same idempotency key. Never rejects. */
  execute(request: plan.ResyncRequest, actor: Actor): Promise<ExecuteAnswer> {
    return this.#book.once(request, () => {
      if (this.#ends) return Promise.resolve(STOPPING);
      const answer = new Promise<ExecuteAnswer>((resolve) => {
        this.#asked.push({ request, actor, askedAt: this.#context.memory.now(), answer: resolve });
      });
      this.#deps.onWork();
      return answer;
    });
  }

  /** Keys that earlier lives of this process answered, and the resync that its end cut short. */
  restore(found: Parameters<ResyncBook['restore']>[0], open: ResyncProgress | null): void {
    this.#book.restore(found);
    if (open !== null) this.#context.memory.publish({ resync: open });
  }

  /** Decides what was asked since the last step. Called first in each step of the loop. */
  async decide(signal: AbortSignal): Promise<void> {
    while (this.#asked.length > 0) {
      const asked = this.#asked.shift()!;
      asked.answer(await this.#decide(asked, signal));
    }
  }

  /** The loop ends: who still waits for an answer gets one, and so does who asks from now on. */
  refuseAll(): void {
    this.#ends = true;
    for (const { answer } of this.#asked.splice(0)) answer(STOPPING);
  }

  async #decide({ request, actor, askedAt }: Asked, signal: AbortSignal): Promise<ExecuteAnswer> {
    const { memory } = this.#context;
    const preview = this.#book.preview(request.previewId);
    const refused =
      plan.refuseRequest({
        request,
        preview,
        current: this.#current,
        paused: memory.state.paused !== null,
        duty: this.#deps.duty(),
        nodeName: this.#options.nodeName,
        askedAt,
        cooldownMs: this.#options.cooldownMs,
      }) ?? (await this.#headsMoved(preview!, signal));
    const { target = null, point = null } = preview ?? {};
    const about = { ...plan.byLine(actor), reason: request.reason, target, point, request };
    if (refused !== null) {
      await this.#note('operator.resync_refused', {
        ...about,
        code: refused.code,
        message: refused.message,
      }).catch(() => undefined);
      return refused;
    }
    const id = this.#deps.newId();
    try {
      await this.#note('operator.resync_accepted', { id, ...about, expected: preview!.expected }, id);
    } catch {
      return plan.refusal(
        'not_journaled',
        'The journal cannot be written, so nothing was done: mend it, then try again.',
      );
    }
    this.#book.drop(preview!.id);
    memory.publish({ resync: accepted(id, preview!, request, actor, memory.now()) });
    return { ok: true, id };
  }

  async #headsMoved(preview: plan.ResyncPreview, signal: AbortSignal): Promise<Refusal | null> {
    try {
      const ground = await groundNow(this.#context, signal);
      const { expected, point } = preview;
      const again = await pointOfBatch(this.#context, point.batch, ground);
      const stands = async (shown: L2BlockId | null): Promise<boolean> =>
        shown === null ||
        (await this.#context.engine.blockByNumber(shown.number, signal))?.hash === shown.hash;
      const { latest, safe } = ground.labels;
      return plan.refuseMoved({
        expected,
        unsafe: latest,
        safe,
        unsafeStands: await stands(expected.unsafe),
        safeStands: await stands(expected.safe),
        point: again.ok ? again.point : null,
        shownPoint: point,
      });
    } catch (error) {
      return unavailable(error);
    }
  }

  /** Takes the engine back to the target. Idempotent: after a kill in its middle it is simply done again. */
  async rewind(signal: AbortSignal): Promise<StepOutcome> {
    const { memory, engine } = this.#context;
    const resync = this.#current!;
    try {
      memory.publish({
        resync: { ...resync, phase: 'rewinding', note: `going back to block ${resync.point.block.number}` },
      });
      const ground = await (memory.state.phase === 'halted'
        ? freshGround(this.#context, this.#deps.tracker, signal)
        : groundNow(this.#context, signal));
      memory.publish({
        contracts: ground.contracts,
        labels: ground.labels,
        engineAt: memory.now(),
        l1At: memory.now(),
      });
      const again = await pointOfBatch(this.#context, resync.point.batch, ground);
      if (!again.ok || again.point.block.hash !== resync.point.block.hash) {
        await this.#end(
          plan.failed(
            resync,
            'L1 no longer implies the target block; the chain was left as it is',
            memory.now(),
          ),
        );
        return 'more';
      }
      await recordResync(this.#context, resync, again.point, ground);
      const keptHead = await rewindAllLabels(engine, again.point.block, ground.labels, signal);
      await this.#note(
        'operator.resync_rewound',
        { id: resync.id, to: idOf(again.point.block), keptHead },
        resync.id,
      );
      this.#startAgainAt(
        again.point,
        await engine.labels(signal),
        keptHead ? idOf(ground.labels.latest) : null,
      );
      return 'more';
    } catch (error) {
      if (signal.aborted) return 'failed';
      return this.#rewindFailed(resync, error);
    }
  }

  /** Trouble that passes is waited out like any other; what an engine refuses for good ends the resync. */
  async #rewindFailed(resync: ResyncProgress, error: unknown): Promise<StepOutcome> {
    const { memory } = this.#context;
    const failure = classify(error);
    const tooLong = memory.now() - resync.progressAt > plan.STALLED_MS;
    if ((failure.severity === 'temporary' || failure.code === 'not_canonical') && !tooLong) {
      return memory.fail({ ...failure, severity: 'temporary' });
    }
    await this.#end(plan.failed(resync, failure.message, memory.now()));
    return memory.state.phase === 'halted' ? 'halted' : 'more';
  }

  #startAgainAt(point: plan.ResyncPoint, labels: EngineLabels, keptHead: L2BlockId | null): void {
    const { memory, reader, config } = this.#context;
    reader.reset();
    const resync = this.#current!;
    memory.publish({
      phase: 'deriving',
      trouble: null,
      blocked: null,
      sync: null,
      stale: null,
      labels,
      keptHead: keptHead ?? memory.state.keptHead,
      finalizedOrigin: null,
      batches: memory.state.batches.filter((batch) => batch.batchNumber <= point.batch),
      position: {
        cursor: { batchNumber: point.batch, lastBlock: point.block },
        origin: point.origin,
        scanFrom: point.origin?.number ?? config.l1StartBlock,
        currentL1: null,
      },
      resync: {
        ...resync,
        phase: 'rederiving',
        keptHead: keptHead !== null,
        progressAt: memory.now(),
        note: 'deriving from L1 again',
      },
    });
  }

  /** Watches the driver's ordinary steps: counts batches, compares when it is level, and ends the resync. */
  async watch(
    outcome: StepOutcome,
    startedAt: number,
    before: number | null,
    signal: AbortSignal,
  ): Promise<void> {
    const { memory } = this.#context;
    const { state } = memory;
    const batch = state.position?.cursor.batchNumber ?? null;
    if (before !== null && batch !== null) this.#book.measured(memory.now() - startedAt, batch - before);
    const resync = this.#current;
    if (!plan.isRunning(resync) || this.rewinds) return;
    if (outcome === 'halted') {
      return this.#end(
        plan.failed(
          resync,
          `the driver halted again: ${state.trouble?.message ?? 'no reason was kept'}`,
          memory.now(),
        ),
      );
    }
    const level = outcome === 'idle' && state.stale === null && batch !== null && state.trouble === null;
    const matches = level ? await this.#matches(signal) : null;
    const seen = plan.observe(resync, {
      now: memory.now(),
      batch: batch ?? resync.point.batch + resync.done,
      lastCommittedBatch: state.contracts?.lastCommittedBatch ?? 0,
      level,
      matches,
      waitsFor:
        state.trouble?.message ?? (state.stale === null ? null : 'L1 shows an older head than before'),
    });
    if (plan.isRunning(seen)) memory.publish({ resync: seen });
    else await this.#end(seen);
  }

  /** Reads anew from L1 and the engine, not from memory: is the safe block the one that L1 implies? Null: no answer. */
  async #matches(signal: AbortSignal): Promise<boolean | null> {
    const { l1, engine, memory, genesisCursor } = this.#context;
    const { position, heads } = memory.state;
    const batch = position!.cursor.batchNumber;
    try {
      const { safe } = await engine.labels(signal);
      if (batch === 0) return safe === null || safe.hash === genesisCursor.lastBlock.hash;
      const commit = await l1.commitOfBatch(batch, heads!.latest, signal);
      const implied = commit === null ? null : await lastBlockHashOf(this.#context, commit, signal);
      if (implied === null || safe === null) return implied === null ? null : false;
      const canonical = await engine.blockByNumber(safe.number, signal);
      return safe.hash === implied && canonical?.hash === implied;
    } catch {
      return null;
    }
  }

  async #end(resync: ResyncProgress): Promise<void> {
    const { id, phase, note, done, startedAt, endedAt, keptHead, resumed } = resync;
    const kind = phase === 'done' ? 'operator.resync_done' : 'operator.resync_failed';
    const took = (endedAt ?? startedAt) - startedAt;
    this.#context.memory.publish({ resync });
    await this.#note(kind, { id, note, batches: done, tookMs: took, keptHead, resumed }, id).catch(
      () => undefined,
    );
  }

  #note(kind: string, payload: unknown, ref?: string): Promise<unknown> {
    return this.#context.memory.order(kind, payload, ref);
  }
}

const accepted = (
  id: string,
  { target, point }: plan.ResyncPreview,
  { reason }: plan.ResyncRequest,
  actor: Actor,
  now: number,
): ResyncProgress => ({
  id,
  phase: 'pausing',
  target,
  point,
  actor,
  reason,
  startedAt: now,
  endedAt: null,
  done: 0,
  of: 0,
  matches: 0,
  disagreements: 0,
  resumed: false,
  keptHead: false,
  note: 'accepted: nothing else moves the head from here on',
  progressAt: now,
});

const idOf = <T extends { readonly number: number; readonly hash: L2BlockId['hash'] }>({
  number,
  hash,
}: T) => ({
  number,
  hash,
});

const STOPPING = plan.refusal('unavailable', 'The node is stopping: nothing was done.');

/** L1 or the engine did not answer: said, not thrown. */
const unavailable = (error: unknown): Refusal => {
  const { message } = classify(error);
  return plan.refusal('unavailable', `L1 or the engine does not answer: ${message}. Try again when it does.`);
};
