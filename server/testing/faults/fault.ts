/**
 * A fault of design/reliability.md by its number, as a story on string chains: a driver at rest, the fault, what the
 * driver may say meanwhile, and where it must end once the fault is over.
 */
import type { PayloadStatus } from '../../protocol/forkchoice.ts';
import { COMMITS, type Commits, type World, type WorldOptions, world } from '../driverWorld.ts';

export interface Fault {
  readonly id: string;
  readonly what: string;
  readonly commits?: Commits;
  /** L1 when the driver comes to rest for the first time; `abcdef` where left out, which holds batches 1 and 2. */
  readonly branch?: string;
  readonly options?: WorldOptions;
  /** Makes the fault, and steps where it needs several. Ends with the fault in force or over. */
  readonly make: (w: World) => void | Promise<void>;
  /**
   * What the step after it says: a severity and a code as `temporary engine_timeout`, `blocked reason`, `stale`, or
   * `fine`, where nothing is worth a word.
   */
  readonly says: string;
  /** Heads after that step, as `unsafe / safe / finalized`. Left out: those from before. */
  readonly meanwhile?: string;
  /** Ends the fault. Left out: it is over by itself. */
  readonly heal?: (w: World) => void | Promise<void>;
  /** Heads at the end; `G / G / -` where left out, because L1 then grows by g. */
  readonly ends?: string;
  /** Causes of the reorgs recorded. */
  readonly reorgs?: readonly string[];
}

export interface Told {
  readonly says: string;
  readonly meanwhile: string;
  readonly before: string;
  readonly ends: string;
  readonly reorgs: readonly string[];
  readonly open: number;
  readonly executedTwice: number;
}

/** Runs the story. At most 60 steps are allowed for healing, each after the time that the driver asked for. */
export async function tell(fault: Fault): Promise<Told> {
  const w = world(fault.branch ?? 'abcdef', fault.commits ?? COMMITS, fault.options);
  await w.settle();
  const before = await w.heads();
  await fault.make(w);
  await w.settle();
  const told = { says: sayingOf(w), meanwhile: await quietHeads(w), before };
  await fault.heal?.(w);
  if (fault.ends === undefined) w.l1.mine('g');
  for (let step = 0; step < 60; step++) {
    if ((await w.settle()) !== 'failed') break;
    w.clock.at = Math.max(w.clock.at, w.driver.state.trouble?.nextTryAt ?? 0);
  }
  const { executed } = w.engine;
  return {
    ...told,
    ends: await quietHeads(w),
    reorgs: w.driver.state.reorgs.map(({ cause }) => cause),
    open: w.driver.state.reorgs.filter(({ recoveredAt }) => recoveredAt === null).length,
    executedTwice: executed.length - new Set(executed).size,
  };
}

function sayingOf(w: World): string {
  const { trouble, blocked, stale } = w.driver.state;
  if (trouble !== null) return `${trouble.severity} ${trouble.code}`;
  if (blocked !== null) return `blocked ${blocked.reason}`;
  return stale === null ? 'fine' : 'stale';
}

/** An engine that fails its labels tells them to the test all the same. */
const quietHeads = async (w: World): Promise<string> => {
  for (;;) {
    try {
      return await w.heads();
    } catch {
      // One injected failure less.
    }
  }
};

type Method = 'newPayload' | 'forkchoiceUpdated';

/** The next calls are answered so, and not done. */
export function answerNext(w: World, method: Method, status: PayloadStatus, times: number): void {
  let left = times;
  const tamper = (real: (...given: never[]) => Promise<unknown>, answer: unknown) =>
    ((...given: never[]) => {
      if (left <= 0) return real(...given);
      left -= 1;
      return Promise.resolve(answer);
    }) as never;
  if (method === 'newPayload') w.engine.newPayload = tamper(w.engine.newPayload.bind(w.engine), status);
  else {
    const answer = { payloadStatus: status, payloadId: null };
    w.engine.forkchoiceUpdated = tamper(w.engine.forkchoiceUpdated.bind(w.engine), answer);
  }
}
