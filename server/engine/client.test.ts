import { describe, expect, test } from 'vitest';
import type { SealedBlock } from '../protocol/block.ts';
import { sealBlock } from '../protocol/blockCodec.ts';
import { type Hash, ZERO_ADDRESS, ZERO_HASH } from '../protocol/refs.ts';
import { ZERO_BLOOM } from '../protocol/rlpReader.ts';
import { EngineClient } from './client.ts';
import { EngineError } from './engine.ts';
import { NO_REQUESTS_HASH } from './executionPayload.ts';
import { CLIENT_CAPABILITIES, STANDARD_DEADLINES } from './methods.ts';
import { createPortTransport, type PortRequest, type PortResponse } from './transport/messagePort.ts';
import { toEngineError } from './transport/rpcErrorCodes.ts';
import type { CallOptions } from './transport/transport.ts';

type Handler = (method: string, params: readonly unknown[], options?: CallOptions) => unknown;

const clientOver = (handler: Handler) =>
  new EngineClient(
    { name: 'stub', deadlines: STANDARD_DEADLINES },
    {
      transport: {
        call: async (method, params, options) => handler(method, params, options),
        close: async () => undefined,
      },
    },
  );

const hash: Hash = `0x${'12'.repeat(32)}`;

function block(
  fork: 'paris' | 'shanghai' | 'cancun' | 'prague',
  transactions: Uint8Array[] = [],
): SealedBlock {
  const cancun = fork === 'cancun' || fork === 'prague';
  const header = {
    parentHash: hash,
    beneficiary: ZERO_ADDRESS,
    stateRoot: hash,
    receiptsRoot: hash,
    logsBloom: ZERO_BLOOM,
    difficulty: 0n,
    number: 1,
    gasLimit: 30_000_000n,
    gasUsed: 0n,
    timestamp: 2,
    extraData: '0x',
    prevRandao: ZERO_HASH,
    nonce: '0x0000000000000000',
    baseFeePerGas: 7n,
    blobGasUsed: cancun ? 0n : null,
    excessBlobGas: cancun ? 0n : null,
    parentBeaconBlockRoot: cancun ? ZERO_HASH : null,
    requestsHash: fork === 'prague' ? NO_REQUESTS_HASH : null,
  } as const;
  return sealBlock(header, transactions, fork === 'paris' ? null : []);
}

describe('versions', () => {
  test.each([
    ['paris', 'engine_newPayloadV1', 1],
    ['shanghai', 'engine_newPayloadV2', 1],
    ['cancun', 'engine_newPayloadV3', 3],
    ['prague', 'engine_newPayloadV4', 4],
  ] as const)('a block of %s goes out by %s', async (fork, method, parameters) => {
    const calls: [string, number][] = [];
    const client = clientOver((name, params) => {
      calls.push([name, params.length]);
      return { status: 'VALID', latestValidHash: hash };
    });
    await client.newPayload(block(fork));
    expect(calls).toEqual([[method, parameters]]);
  });

  test('building tries the newest version and falls back where the engine says "unsupported fork"', async () => {
    const calls: string[] = [];
    const client = clientOver((method) => {
      calls.push(method);
      if (method !== 'engine_forkchoiceUpdatedV2')
        throw toEngineError(method, { code: -38005, message: 'no' });
      return { payloadStatus: { status: 'VALID', latestValidHash: hash }, payloadId: '0x0000000000000001' };
    });
    const attributes = {
      timestamp: 3,
      prevRandao: ZERO_HASH,
      suggestedFeeRecipient: ZERO_ADDRESS,
      withdrawals: [],
      parentBeaconBlockRoot: ZERO_HASH,
    };
    const state = { headBlockHash: hash, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH };
    await client.forkchoiceUpdated(state, attributes);
    await client.forkchoiceUpdated(state, attributes);
    expect(calls.map((name) => name.slice(-2))).toEqual(['V3', 'V2', 'V2']);
  });
});

describe('an engine that offers', () => {
  const offering = (offered: readonly string[], calls: string[] = []) =>
    clientOver((method) => {
      if (method === 'engine_exchangeCapabilities') return offered;
      calls.push(method);
      if (method.startsWith('engine_newPayload')) return { status: 'VALID', latestValidHash: hash };
      return { payloadStatus: { status: 'VALID', latestValidHash: hash }, payloadId: null };
    });
  const state = { headBlockHash: hash, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH };

  test('newer methods too is asked by those that this client knows', async () => {
    const calls: string[] = [];
    const newer = ['engine_newPayloadV5', 'engine_forkchoiceUpdatedV4', 'engine_getPayloadV6'];
    const client = offering([...CLIENT_CAPABILITIES, ...newer], calls);
    await client.exchangeCapabilities();
    await client.newPayload(block('prague'));
    await client.forkchoiceUpdated(state, null);
    expect(calls).toEqual(['engine_newPayloadV4', 'engine_forkchoiceUpdatedV3']);
    expect(newer.filter((method) => CLIENT_CAPABILITIES.includes(method))).toEqual([]);
  });

  test('only what is older than a block is told which method it lacks, and is sent nothing', async () => {
    const calls: string[] = [];
    const old = CLIENT_CAPABILITIES.filter((method) => !/V[45]$/.test(method));
    const client = offering(old, calls);
    await client.exchangeCapabilities();
    await expect(client.newPayload(block('prague'))).rejects.toMatchObject({
      code: 'method_not_found',
      message: expect.stringContaining('of prague and needs engine_newPayloadV4'),
    });
    await client.newPayload(block('cancun'));
    expect(calls).toEqual(['engine_newPayloadV3']);
  });

  test('only what is newer than a block is told so as well: a method may be retired', async () => {
    const client = offering(['engine_newPayloadV5', 'engine_forkchoiceUpdatedV4']);
    await client.exchangeCapabilities();
    await expect(client.newPayload(block('prague'))).rejects.toMatchObject({ code: 'method_not_found' });
  });
});

test('withdrawals before Shanghai are refused as bad attributes by V2: then V1 is the method, else they are bad', async () => {
  const attributes = {
    timestamp: 3,
    prevRandao: ZERO_HASH,
    suggestedFeeRecipient: ZERO_ADDRESS,
    withdrawals: [],
    parentBeaconBlockRoot: ZERO_HASH,
  };
  const state = { headBlockHash: hash, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH };
  const build = (fits: string | null) =>
    clientOver((method) => {
      const code = method.endsWith('V3') ? -38005 : -38003;
      if (method !== fits) throw toEngineError(method, { code, message: 'no' });
      return { payloadStatus: { status: 'VALID', latestValidHash: hash }, payloadId: '0x0000000000000001' };
    }).forkchoiceUpdated(state, attributes);
  expect((await build('engine_forkchoiceUpdatedV1')).payloadId).not.toBeNull();
  await expect(build(null)).rejects.toMatchObject({ code: 'invalid_payload_attributes' });
});

describe('answers', () => {
  test.each([
    [{ status: 'INVALID_BLOCK_HASH' }, { status: 'INVALID', latestValidHash: null }],
    [{ status: 'ACCEPTED', latestValidHash: null }, { status: 'ACCEPTED' }],
    [{ status: 'SYNCING', latestValidHash: null, validationError: null }, { status: 'SYNCING' }],
  ])('%o is read as %o', async (answer, expected) => {
    expect(await clientOver(() => answer).newPayload(block('cancun'))).toMatchObject(expected);
  });

  test.each([[null], ['VALID'], [{ status: 'GREAT' }], [{ status: 'VALID', latestValidHash: '0x1' }], [[]]])(
    '%o is bad_answer',
    async (answer) => {
      const call = clientOver(() => answer).newPayload(block('cancun'));
      await expect(call).rejects.toMatchObject({ code: 'bad_answer', method: 'engine_newPayloadV3' });
    },
  );

  test.each([
    [-38001, 'unknown_payload'],
    [-38002, 'invalid_forkchoice_state'],
    [-38003, 'invalid_payload_attributes'],
    [-38005, 'unsupported_fork'],
    [-38006, 'too_deep_reorg'],
    [-32601, 'method_not_found'],
    [-32000, 'rpc_error'],
  ])('error code %i is %s', (code, expected) => {
    expect(toEngineError('m', { code, message: 'why' })).toMatchObject({ code: expected, rpcCode: code });
  });

  test('labels that an engine lacks, refuses or answers with genesis are null', async () => {
    const ref = (number: number) => ({ number: `0x${number}`, hash, parentHash: hash, timestamp: '0x1' });
    const client = clientOver((method, [tag]) => {
      if (tag === 'safe') throw toEngineError(method, { code: -39001, message: 'unknown block' });
      return tag === 'latest' ? ref(5) : ref(0);
    });
    expect(await client.labels()).toMatchObject({ latest: { number: 5 }, safe: null, finalized: null });
  });

  test('a block of ether-only engines: INVALID for one with 0x7e says nothing, so it is unsupported_transaction', async () => {
    const invalid = {
      status: 'INVALID',
      latestValidHash: null,
      validationError: 'transaction type not supported',
    };
    const client = clientOver((method) => (method === 'engine_exchangeCapabilities' ? [] : invalid));
    await client.exchangeCapabilities();
    const call = client.newPayload(block('prague', [Uint8Array.of(0x7e, 0xc0)]));
    await expect(call).rejects.toMatchObject({ code: 'unsupported_transaction' });
    expect((await client.newPayload(block('prague'))).status).toBe('INVALID');
  });
});

test('engine calls go out one at a time in their order, while reads overlap them', async () => {
  const log: string[] = [];
  const release: (() => void)[] = [];
  const client = clientOver(async (method) => {
    log.push(method);
    if (method === 'eth_chainId') return '0x1';
    await new Promise<void>((resolve) => release.push(resolve));
    return { status: 'SYNCING' };
  });
  const first = client.newPayload(block('cancun'));
  const second = client.newPayload(block('prague'));
  expect(await client.chainId()).toBe(1);
  expect(log.toSorted()).toEqual(['engine_newPayloadV3', 'eth_chainId']);
  release[0]!();
  await first;
  await client.chainId();
  expect(log.slice(2)).toEqual(['engine_newPayloadV4', 'eth_chainId']);
  release[1]!();
  await second;
});

test('a call aborted while it waits for its turn is never sent, and the next one is', async () => {
  const log: string[] = [];
  const release: (() => void)[] = [];
  const client = clientOver(async (method) => {
    log.push(method);
    await new Promise<void>((resolve) => release.push(resolve));
    return { status: 'SYNCING' };
  });
  const controller = new AbortController();
  const first = client.newPayload(block('cancun'));
  const aborted = client.newPayload(block('prague'), controller.signal);
  const last = client.newPayload(block('shanghai'));
  controller.abort();
  await Promise.resolve();
  release[0]!();
  await first;
  await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
  await Promise.resolve();
  release[1]!();
  await last;
  expect(log).toEqual(['engine_newPayloadV3', 'engine_newPayloadV2']);
});

describe('the message port', () => {
  function stub() {
    const sent: PortRequest[] = [];
    let answer: (response: PortResponse) => void = () => undefined;
    let gone: (reason: string) => void = () => undefined;
    const transport = createPortTransport({
      postMessage: (request) => sent.push(request),
      onAnswer: (listener) => {
        answer = listener;
      },
      onGone: (listener) => {
        gone = listener;
      },
      close: async () => undefined,
    });
    return {
      transport,
      sent,
      answer: (response: PortResponse) => answer(response),
      gone: (why: string) => gone(why),
    };
  }

  test('answers find their calls in any order, and late ones find none', async () => {
    const { transport, sent, answer } = stub();
    const controller = new AbortController();
    const one = transport.call('a', []);
    const two = transport.call('b', [], { signal: controller.signal });
    const three = transport.call('c', []);
    controller.abort();
    await expect(two).rejects.toMatchObject({ code: 'aborted', method: 'b' });
    answer({ id: sent[2]!.id, result: 3 });
    answer({ id: sent[1]!.id, result: 2 });
    answer({ id: sent[0]!.id, error: { code: -38001, message: 'no' } });
    expect(await three).toBe(3);
    await expect(one).rejects.toMatchObject({ code: 'unknown_payload' });
  });

  test('no answer within the deadline is a timeout', async () => {
    const { transport } = stub();
    await expect(transport.call('a', [], { timeout: 1 })).rejects.toMatchObject({ code: 'timeout' });
  });

  test('when the worker is gone, calls in flight and later ones are unreachable', async () => {
    const { transport, gone } = stub();
    const inFlight = transport.call('a', []);
    gone('the thread ended');
    await expect(inFlight).rejects.toMatchObject({ code: 'unreachable' });
    const later = await transport.call('b', []).catch((error: unknown) => error);
    expect(later).toBeInstanceOf(EngineError);
    expect(later).toMatchObject({ code: 'unreachable', message: 'b: the thread ended' });
  });
});
