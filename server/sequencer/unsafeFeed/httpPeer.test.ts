import { afterEach, describe, expect, it } from 'vitest';
import { encodeBlock } from '../../protocol/blockCodec.ts';
import { toHex } from '../../protocol/bytes.ts';
import { makeBlock } from '../../testing/fakeEngine.ts';
import {
  type Script,
  type ScriptedAnswer,
  type ScriptedHttp,
  scriptedHttp,
} from '../../testing/scriptedHttp.ts';
import { httpPeer } from './httpPeer.ts';
import type { PeerErrorCode } from './peerChain.ts';

const genesis = makeBlock(null, 1, []);
const block = makeBlock(genesis, 2, []);
const raw = toHex(encodeBlock(block, { items: 3 }));
const ref = {
  number: '0x1',
  hash: block.hash.toUpperCase().replace('0X', '0x'),
  parentHash: block.parentHash,
  timestamp: '0x2',
};

let server: ScriptedHttp | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

async function peerThatAnswers(answer: ScriptedAnswer | Script, timeoutMs = 20_000) {
  server = await scriptedHttp(typeof answer === 'function' ? answer : () => answer);
  // Short only where the deadline is what is tested: a busy machine must not end another answer.
  return httpPeer({ url: server.url, timeoutMs });
}
const result = (value: unknown): ScriptedAnswer => ({
  kind: 'json',
  body: { jsonrpc: '2.0', id: 1, result: value },
});

describe('a peer over HTTP', () => {
  it('shows its head, a hash at a height, and whole blocks with the hash of their bytes', async () => {
    const peer = await peerThatAnswers(({ json }) =>
      result((json as { method: string }).method === 'debug_getRawBlock' ? raw : ref),
    );
    const head = { number: 1, hash: block.hash, parentHash: genesis.hash, timestamp: 2 };
    expect(await peer.latest()).toEqual(head);
    expect(await peer.hashAt(1)).toBe(block.hash);
    const got = await peer.block(1);
    expect(got?.block.hash).toBe(block.hash);
    expect(got?.bytes).toBe(raw.length / 2 - 1);
    expect(server?.requests.map(({ json }) => (json as { params: unknown }).params)).toEqual([
      ['latest', false],
      ['0x1', false],
      ['0x1'],
    ]);
  });

  it('has no block beyond its head', async () => {
    const peer = await peerThatAnswers(result(null));
    expect(await peer.hashAt(9)).toBeNull();
    expect(await peer.block(9)).toBeNull();
    await expect(peer.latest()).rejects.toMatchObject({ code: 'bad_answer' });
  });

  const trouble: readonly [string, ScriptedAnswer, PeerErrorCode][] = [
    ['a gateway’s page', { kind: 'text', status: 502, body: '<html>' }, 'refused'],
    ['an error', { kind: 'json', body: { error: { code: -32601, message: 'no such method' } } }, 'refused'],
    ['neither result nor error', { kind: 'json', body: {} }, 'bad_answer'],
    [
      'a redirect',
      { kind: 'text', status: 302, body: '', headers: { location: '/elsewhere' } },
      'unreachable',
    ],
    ['a broken connection', { kind: 'reset', body: '{' }, 'unreachable'],
    ['nothing', { kind: 'hang' }, 'timeout'],
    ['the beginning of something', { kind: 'hang', body: '{"result":' }, 'timeout'],
    ['more than any block', { kind: 'text', body: ' '.repeat(9 * 1024 * 1024) }, 'bad_answer'],
    ['a list for a number', result({ ...ref, number: [] }), 'bad_answer'],
    ['a height above 2^52', result({ ...ref, number: '0xffffffffffffffff' }), 'bad_answer'],
    ['half a hash', result({ ...ref, hash: '0x12' }), 'bad_answer'],
  ];
  it.each(trouble)('that answers %s has a named error', async (_what, answer, code) => {
    const peer = await peerThatAnswers(answer, code === 'timeout' ? 100 : undefined);
    await expect(peer.latest()).rejects.toMatchObject({ name: 'PeerError', code });
  });

  const blocks: readonly [string, unknown, PeerErrorCode][] = [
    ['not hex', 'block', 'bad_answer'],
    ['an object', {}, 'bad_answer'],
    ['bytes that are no block', '0xc0', 'malformed_block'],
    ['a block cut short', raw.slice(0, -2), 'malformed_block'],
    ['another block', toHex(encodeBlock(makeBlock(block, 3, []), { items: 3 })), 'malformed_block'],
  ];
  it.each(blocks)('that gives %s for a block has a named error', async (_what, answer, code) => {
    const peer = await peerThatAnswers(result(answer));
    await expect(peer.block(1)).rejects.toMatchObject({ name: 'PeerError', code });
  });

  it('an abort is an abort, not the peer’s failure', async () => {
    const peer = await peerThatAnswers({ kind: 'hang' });
    const stop = new AbortController();
    const asked = peer.latest(stop.signal);
    const why = new Error('enough');
    stop.abort(why);
    await expect(asked).rejects.toBe(why);
  });
});
