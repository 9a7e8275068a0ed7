import type { NodeHandle } from '../../runtime.ts';
import { answerStatus } from '../answers.ts';
import type { StatusView } from '../views.ts';

const WRITTEN = new WeakMap<StatusView, Buffer>();

/**
 * The status as JSON. A node gives the same object until something changes, so it is written down once a change, however
 * many ask. Null where no node runs.
 */
export function statusText(node: NodeHandle | null): Buffer<ArrayBuffer> | null {
  if (node === null) return null;
  const key = node.status();
  const known = WRITTEN.get(key) as Buffer<ArrayBuffer> | undefined;
  if (known !== undefined) return known;
  // What it says is of the view and of no moment: `now` is not part of it.
  const answer = answerStatus(node, 0);
  if (answer.kind !== 'status') return null;
  const text = Buffer.from(JSON.stringify(answer.status));
  WRITTEN.set(key, text);
  return text;
}
