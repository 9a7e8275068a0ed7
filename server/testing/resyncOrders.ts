/** Orders of a manual resync, given to a driver on string chains as an operator gives them. */
import { randomUUID } from 'node:crypto';
import type {
  Actor,
  PreviewAnswer,
  ResyncPreview,
  ResyncRequest,
  ResyncTarget,
} from '../driver/plan/resync.ts';
import { restoreOrders } from '../driver/plan/resyncJournal.ts';
import type { World } from './driverWorld.ts';

export const ANA: Actor = { name: 'ana', role: 'operator', via: 'token', address: '127.0.0.1' };
const { signal } = new AbortController();

const shown = (answer: PreviewAnswer): ResyncPreview => {
  if (!answer.ok) throw new Error(answer.message);
  return answer.preview;
};
/** What is shown of going back to `target`; throws where there is nothing to show. */
export const preview = async (w: World, target: ResyncTarget = { kind: 'safe' }): Promise<ResyncPreview> =>
  shown(await w.driver.resync.preview(target, signal));

/** The order that confirms what was shown, under a key of its own. */
export const requestFor = (from: ResyncPreview, change: Partial<ResyncRequest> = {}): ResyncRequest => ({
  previewId: from.id,
  expected: {
    unsafe: from.expected.unsafe.hash,
    safe: from.expected.safe?.hash ?? null,
    finalized: from.expected.finalized?.hash ?? null,
  },
  reason: 'after an RPC swap',
  confirm: 'strings',
  idempotencyKey: randomUUID(),
  override: false,
  ...change,
});

/** Asks, lets the loop decide, and answers what it said. */
export async function order(w: World, request: ResyncRequest) {
  const answer = w.driver.resync.execute(request, ANA);
  await w.step();
  return answer;
}

export async function untilEnded(w: World): Promise<void> {
  for (let i = 0; i < 20 && w.driver.resync.running; i++) await w.settle();
}

/** The process ends, and the next one reads the journal. */
export function restarted(w: World): void {
  w.restart();
  w.driver.restore(restoreOrders([...w.events].reverse(), w.clock.at));
}

/** What was journaled of one kind, oldest first. */
export const payloads = (w: World, kind: string) =>
  w.events.filter((event) => event.kind === kind).map((event) => event.payload as Record<string, unknown>);
