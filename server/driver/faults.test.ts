import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../engine/engine.ts';
import { COMMITS, world } from '../testing/driverWorld.ts';
import { ENGINE_FAULTS, ENGINE_FAULTS_BELOW } from '../testing/faults/engineFaults.ts';
import { answerNext, type Fault, tell } from '../testing/faults/fault.ts';
import { L1_FAULTS, L1_FAULTS_BELOW } from '../testing/faults/l1Faults.ts';
import { l2Ref } from '../testing/stringChain.ts';
import { classify } from './plan/failure.ts';
import { MAX_UNCHANGED } from './plan/refusals.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const rows = (faults: readonly Fault[]) =>
  faults.map((fault) => [`${fault.id} ${fault.what}`, fault] as const);

const survives = async (fault: Fault): Promise<void> => {
  const told = await tell(fault);
  expect(told.says).toBe(fault.says);
  expect(told.meanwhile).toBe(fault.meanwhile ?? told.before);
  expect(told.ends).toBe(fault.ends ?? 'G / G / -');
  expect(told.reorgs).toEqual(fault.reorgs ?? []);
  expect(told.open).toBe(0);
};

describe('faults of the L1 endpoint', () => {
  it.each(rows(L1_FAULTS))('%s', (_, fault) => survives(fault));
});

describe('faults of the execution engine', () => {
  it.each(rows(ENGINE_FAULTS))('%s', (_, fault) => survives(fault));

  it.each([
    ['E9', 'unsupported_fork', 'halt'],
    ['E9', 'method_not_found', 'halt'],
  ] as const)('%s %s stops the driver: only another engine helps', (_, code, severity) => {
    expect(classify(new EngineError(code, 'engine_newPayloadV4', 'no'))).toMatchObject({ severity });
  });
});

describe('an update that the engine calls INVALID', () => {
  it(`is asked ${MAX_UNCHANGED} times at most while nothing changes, and heals with the next L1 block`, async () => {
    const w = world('abcdef', COMMITS);
    await w.settle();
    let asked = 0;
    const real = w.engine.forkchoiceUpdated.bind(w.engine);
    w.engine.forkchoiceUpdated = async (state) => {
      if (state.headBlockHash !== l2Ref('ABCDEFG').hash) return real(state);
      asked += 1;
      return {
        payloadStatus: { status: 'INVALID', latestValidHash: null, validationError: 'no' },
        payloadId: null,
      };
    };
    w.l1.mine('g');
    for (let i = 0; i < 20; i++) await w.settle();
    expect(asked).toBe(MAX_UNCHANGED);
    expect(w.driver.state.trouble).toMatchObject({
      code: 'forkchoice_refused',
      severity: 'degraded',
      count: 20,
      resets: 3,
    });
    w.l1.mine('h');
    await w.settle();
    expect(asked).toBe(MAX_UNCHANGED + 1);
    w.engine.forkchoiceUpdated = real;
    w.l1.mine('i');
    await w.settle();
    expect(await w.heads()).toBe('G / G / -');
    expect(w.driver.state.trouble).toBeNull();
  });

  it('is asked again when the engine was away: a restart may have cleared what it remembered', async () => {
    const w = world('abcdef', COMMITS);
    await w.settle();
    w.l1.mine('g');
    answerNext(
      w,
      'forkchoiceUpdated',
      { status: 'INVALID', latestValidHash: null, validationError: 'no' },
      3,
    );
    for (let i = 0; i < 8; i++) await w.settle();
    expect(w.driver.state.trouble?.code).toBe('forkchoice_refused');
    w.engine.failNext('labels', 'unreachable');
    await w.settle();
    await w.settle();
    expect(await w.heads()).toBe('G / G / -');
  });
});

describe('a row of trouble', () => {
  it('is not ended by a step that went well and moved nothing: an engine that fails each second time escalates', async () => {
    const w = world('abcdef', COMMITS);
    await w.settle();
    w.l1.mine('g');
    const counts: number[] = [];
    for (let i = 0; i < 6; i++) {
      w.l1.beforeNext('batchCommits', () => undefined);
      w.engine.failNext('newPayload', 'timeout');
      await w.settle();
      counts.push(w.driver.state.trouble?.count ?? 0);
      w.l1.showHead('abcdef');
      await w.settle();
      w.l1.showHead(null);
    }
    expect(counts).toEqual([1, 2, 3, 4, 5, 6]);
    await w.settle();
    expect(await w.heads()).toBe('G / G / -');
    w.l1.mine('h');
    w.engine.failNext('labels', 'timeout');
    await w.settle();
    expect(w.driver.state.trouble?.count).toBe(1);
  });
});

describe('the list of faults', () => {
  const ids = (letter: string, from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, i) => `${letter}${from + i}`);

  it('is whole: each has a row here or a test further down that bears its name', () => {
    const elsewhere = [...L1_FAULTS_BELOW, ...ENGINE_FAULTS_BELOW];
    for (const [id, file, test] of elsewhere) {
      expect(readFileSync(join(ROOT, file), 'utf8').includes(test), `${id}: "${test}" in ${file}`).toBe(true);
    }
    const covered = new Set([
      ...[...L1_FAULTS, ...ENGINE_FAULTS].map(({ id }) => id),
      ...elsewhere.map(([id]) => id),
      'E9',
    ]);
    const wanted = [...ids('R', 18, 29), ...ids('R', 36, 41), ...ids('E', 1, 25)];
    expect(wanted.filter((id) => !covered.has(id))).toEqual([]);
  });
});
