import { isDeadline, withDeadline } from '../../lib/abort.ts';
import { boundedText } from '../../lib/bounded.ts';
import { decodeBlock } from '../../protocol/blockCodec.ts';
import { tryFromHex } from '../../protocol/bytes.ts';
import type { Hash, L2BlockRef } from '../../protocol/refs.ts';
import { DEFAULT_LIMITS } from '../../protocol/rollupConfig.ts';
import { type PeerChain, PeerError } from './peerChain.ts';

export interface HttpPeerOptions {
  readonly url: string;
  /** Milliseconds for one exchange, to the last byte. */
  readonly timeoutMs: number;
}

/** The largest block of the rollup's limits in hex, with JSON around it. */
const MAX_ANSWER_BYTES = 2 * DEFAULT_LIMITS.maxBlockBytes + 64 * 1024;
const HASH = /^0x[0-9a-f]{64}$/;
const QUANTITY = /^0x[0-9a-f]{1,13}$/;

/**
 * A peer's public JSON-RPC (execution-apis eth_getBlockByNumber, debug_getRawBlock). Answers are bounded before they
 * are held, redirects are not followed, nothing is retried: that is for who asks.
 */
export function httpPeer(options: HttpPeerOptions): PeerChain {
  const call = caller(options);
  const ref = async (tag: string, signal?: AbortSignal): Promise<L2BlockRef | null> =>
    readRef(await call('eth_getBlockByNumber', [tag, false], signal));
  return {
    async latest(signal) {
      const latest = await ref('latest', signal);
      if (latest === null) throw new PeerError('bad_answer', 'the peer has no latest block');
      return latest;
    },
    hashAt: async (number, signal) => (await ref(quantity(number), signal))?.hash ?? null,
    async block(number, signal) {
      const raw = await call('debug_getRawBlock', [quantity(number)], signal);
      if (raw === null || raw === '0x') return null;
      const bytes = typeof raw === 'string' ? tryFromHex(raw) : null;
      if (bytes === null) throw new PeerError('bad_answer', `block ${number}: the answer is not hex`);
      const block = decodeBlock(bytes);
      if (!block.ok) {
        throw new PeerError(
          'malformed_block',
          `block ${number}: ${block.error.reason}, ${block.error.detail}`,
        );
      }
      if (block.value.number !== number) {
        throw new PeerError('malformed_block', `asked for block ${number}, got block ${block.value.number}`);
      }
      return { block: block.value, bytes: bytes.length };
    },
  };
}

const quantity = (value: number): string => `0x${value.toString(16)}`;

function readRef(answer: unknown): L2BlockRef | null {
  if (answer === null) return null;
  const { number, hash, parentHash, timestamp } = (answer ?? {}) as Record<string, unknown>;
  const block = { number: toNumber(number), timestamp: toNumber(timestamp) };
  const hashes = { hash: toHash(hash), parentHash: toHash(parentHash) };
  return { ...block, ...hashes };
}

function toNumber(value: unknown): number {
  if (typeof value === 'string' && QUANTITY.test(value)) return Number(value);
  throw new PeerError('bad_answer', 'the peer shows a block without number or timestamp');
}

function toHash(value: unknown): Hash {
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  if (HASH.test(text)) return text as Hash;
  throw new PeerError('bad_answer', 'the peer shows a block without its hashes');
}

type Call = (method: string, params: readonly unknown[], signal?: AbortSignal) => Promise<unknown>;

function caller({ url, timeoutMs }: HttpPeerOptions): Call {
  let nextId = 1;
  return async (method, params, signal) => {
    const id = nextId++;
    try {
      return await withDeadline({ signal, ms: timeoutMs, what: method }, async (cut) => {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
          redirect: 'error',
          signal: cut,
        });
        return resultOf(method, response.status, await textOf(response));
      });
    } catch (error) {
      if (error instanceof PeerError || signal?.aborted) throw error;
      if (isDeadline(error)) throw new PeerError('timeout', error.message, error);
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      const code = (cause as { code?: unknown }).code;
      const why = typeof code === 'string' ? code : 'no connection';
      throw new PeerError('unreachable', `${method}: ${why}`, error);
    }
  };
}

async function textOf(response: Response): Promise<string> {
  const text = await boundedText(response, MAX_ANSWER_BYTES);
  if (text !== null) return text;
  throw new PeerError('bad_answer', `an answer of more than ${MAX_ANSWER_BYTES} bytes`);
}

function resultOf(method: string, status: number, body: string): unknown {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    throw new PeerError('refused', `${method}: HTTP ${status} without a JSON-RPC answer`);
  }
  const { result, error } = (answer ?? {}) as { result?: unknown; error?: unknown };
  if (error !== undefined && error !== null) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    throw new PeerError('refused', `${method}: ${String(code)} ${String(message).slice(0, 200)}`);
  }
  if (result === undefined) throw new PeerError('bad_answer', `${method}: neither result nor error`);
  return result;
}
