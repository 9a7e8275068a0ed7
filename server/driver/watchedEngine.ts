import type { PayloadStatus } from '../protocol/forkchoice.ts';
import type { Hash } from '../protocol/refs.ts';
import type { HeadWatch } from './headWatch.ts';
import type { KeptFinal } from './keptFinal.ts';
import type { Refusal } from './plan/cause.ts';
import { DriverError } from './plan/failure.ts';
import type { Refusals } from './plan/refusals.ts';
import type { DriverEngine } from './ports.ts';

/** Codes that say that the engine was not there, or is another process now. */
const AWAY: ReadonlySet<string> = new Set(['unreachable', 'timeout', 'auth_failed']);

/**
 * The engine, with every head that is asked of it noted, what it once called final kept, and no forkchoice update asked
 * again and again that it calls INVALID.
 */
export function watchedEngine(
  engine: DriverEngine,
  watch: HeadWatch,
  refusals: Refusals,
  keptFinal: KeptFinal,
): DriverEngine {
  const heard = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      if (AWAY.has(String((error as { code?: unknown } | null)?.code))) refusals.forget();
      throw error;
    }
  };
  return {
    labels: async (signal) => {
      const labels = await heard(engine.labels(signal).then((shown) => keptFinal.of(shown, engine, signal)));
      watch.read();
      return labels;
    },
    blockByNumber: (number, signal) => heard(engine.blockByNumber(number, signal)),
    blockByHash: (hash, signal) => heard(engine.blockByHash(hash, signal)),
    newPayload: async (block, signal) => {
      const status = await heard(engine.newPayload(block, signal));
      if (status.status === 'INVALID') watch.refused(refusalOf(block.hash, status));
      return status;
    },
    forkchoiceUpdated: async (state, attributes, signal) => {
      const times = refusals.refusedTooOften(state);
      if (times > 0) {
        throw new DriverError(
          'forkchoice_refused',
          `the engine called head ${state.headBlockHash} INVALID ${times} times: it is asked again at the next L1 block, or when the engine was restarted`,
        );
      }
      watch.asked(state.headBlockHash);
      const answer = await heard(engine.forkchoiceUpdated(state, attributes, signal));
      if (answer.payloadStatus.status === 'INVALID') {
        refusals.refused(state);
        watch.refused(refusalOf(state.headBlockHash, answer.payloadStatus));
      } else if (answer.payloadStatus.status === 'VALID') refusals.forget();
      return answer;
    },
    ...(engine.setHead && { setHead: watchedSetHead(engine, watch, engine.setHead) }),
    ...(engine.transactionsOfBlock && {
      transactionsOfBlock: (hash, signal) => engine.transactionsOfBlock!(hash, signal),
    }),
    ...(engine.placeOfTransaction && {
      placeOfTransaction: (transaction, signal) => engine.placeOfTransaction!(transaction, signal),
    }),
  };
}

const refusalOf = (block: Hash, status: Extract<PayloadStatus, { status: 'INVALID' }>): Refusal => ({
  block,
  latestValid: status.latestValidHash,
  reason: status.validationError,
});

/** The number names a block of the branch that the head is on now. */
const watchedSetHead =
  (
    engine: DriverEngine,
    watch: HeadWatch,
    setHead: NonNullable<DriverEngine['setHead']>,
  ): NonNullable<DriverEngine['setHead']> =>
  async (number, signal) => {
    const target = await engine.blockByNumber(number, signal);
    if (target !== null) watch.asked(target.hash);
    await setHead(number, signal);
  };
