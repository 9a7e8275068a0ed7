/** Reads the calls inside a transaction out of geth's `callTracer` (geth, "Built-in tracers"). No I/O. */
import type { Address } from '../protocol/refs.ts';
import { badAnswer, bytes } from './wire.ts';

const METHOD = 'debug_traceTransaction';
/** Calls in one transaction, and how deep they may lie: the EVM allows 1,024, and nobody commits from there. */
const MAX_CALLS = 10_000;
const MAX_DEPTH = 64;
/** Call data of all calls to the contract together. */
const MAX_BYTES = 4 * 1024 * 1024;

interface Frame {
  readonly type?: unknown;
  readonly to?: unknown;
  readonly input?: unknown;
  readonly error?: unknown;
  readonly calls?: unknown;
}

/**
 * Call data of the calls to that contract which stand, in the order they were made. What failed, and all inside it,
 * was undone; a delegate call ran in another contract's name. Throws `bad_answer` for a trace beyond the bounds.
 */
export function callsTo(contract: Address, trace: unknown): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  let calls = 0;
  let size = 0;
  const visit = (frame: Frame | null, depth: number): void => {
    calls += 1;
    if (typeof frame !== 'object' || frame === null) throw badAnswer(METHOD, 'a call is not an object');
    if (calls > MAX_CALLS || depth > MAX_DEPTH)
      throw badAnswer(METHOD, `the trace has more than ${MAX_CALLS} calls or is deeper than ${MAX_DEPTH}`);
    if (frame.error !== undefined) return;
    if (frame.type === 'CALL' && typeof frame.to === 'string' && frame.to.toLowerCase() === contract) {
      const input = bytes(frame.input, METHOD, 'input');
      size += input.length;
      if (size > MAX_BYTES) throw badAnswer(METHOD, `more than ${MAX_BYTES} bytes of call data`);
      found.push(input);
    }
    if (frame.calls === undefined) return;
    if (!Array.isArray(frame.calls)) throw badAnswer(METHOD, 'calls is not a list');
    for (const inner of frame.calls) visit(inner as Frame, depth + 1);
  };
  visit(trace as Frame, 0);
  return found;
}
