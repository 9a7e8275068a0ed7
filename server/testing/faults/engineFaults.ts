/** Faults E1 to E25 of an execution engine (design/reliability.md 1.3). */
import type { EngineErrorCode } from '../../engine/engine.ts';
import type { World } from '../driverWorld.ts';
import { l2Ref } from '../stringChain.ts';
import { answerNext, type Fault } from './fault.ts';

const invalid = (latestValidHash: `0x${string}` | null) =>
  ({ status: 'INVALID', latestValidHash, validationError: 'no' }) as const;

/** L1 grows by the block that commits batch 3, and the engine fails on it. */
const withBatch3 = (fail: (w: World) => void) => (w: World) => {
  w.l1.mine('g');
  fail(w);
};
const failing = (
  id: string,
  what: string,
  method: 'labels' | 'newPayload' | 'forkchoiceUpdated',
  code: EngineErrorCode,
  says: string,
  times = 1,
): Fault => ({
  id,
  what,
  make: withBatch3((w) => w.engine.failNext(method, code, times)),
  says,
  ends: 'G / G / -',
});
const done = (id: string, method: 'newPayload' | 'forkchoiceUpdated', meanwhile: string): Fault => ({
  id,
  what: `${method} times out and was applied`,
  make: withBatch3((w) => w.engine.failAfter(method, 'timeout')),
  says: 'temporary engine_timeout',
  meanwhile,
  ends: 'G / G / -',
});

const UNANSWERED: readonly Fault[] = [
  {
    id: 'E1',
    what: 'SYNCING for long, then VALID',
    make: withBatch3((w) => answerNext(w, 'newPayload', { status: 'SYNCING' }, 12)),
    says: 'temporary engine_syncing',
    ends: 'G / G / -',
  },
  {
    id: 'E1',
    what: 'SYNCING for long to the update, then VALID',
    make: withBatch3((w) => answerNext(w, 'forkchoiceUpdated', { status: 'SYNCING' }, 12)),
    says: 'temporary engine_syncing',
    ends: 'G / G / -',
  },
  {
    id: 'E2',
    what: 'ACCEPTED, and the block is not held',
    make: withBatch3((w) => answerNext(w, 'newPayload', { status: 'ACCEPTED' }, 2)),
    says: 'temporary engine_syncing',
    ends: 'G / G / -',
  },
  failing(
    'E5',
    '-38002',
    'forkchoiceUpdated',
    'invalid_forkchoice_state',
    'reset engine_invalid_forkchoice_state',
  ),
  failing(
    'E6',
    '-38003',
    'forkchoiceUpdated',
    'invalid_payload_attributes',
    'reset engine_invalid_payload_attributes',
  ),
  failing('E8', '-38001', 'forkchoiceUpdated', 'unknown_payload', 'reset engine_unknown_payload'),
  done('E10', 'newPayload', 'E / E / -'),
  done('E10', 'forkchoiceUpdated', 'G / G / -'),
  failing('E11', 'newPayload times out, not applied', 'newPayload', 'timeout', 'temporary engine_timeout'),
  failing(
    'E11',
    'the update times out, not applied',
    'forkchoiceUpdated',
    'timeout',
    'temporary engine_timeout',
  ),
  failing(
    'E12',
    'the connection breaks between newPayload and the update',
    'forkchoiceUpdated',
    'unreachable',
    'temporary engine_unreachable',
  ),
  failing('E13', '401, the wrong secret', 'labels', 'auth_failed', 'temporary engine_auth_failed', 3),
  failing(
    'E15',
    '401 in the middle: the secret was changed',
    'newPayload',
    'auth_failed',
    'temporary engine_auth_failed',
    7,
  ),
];

const REFUSED: readonly Fault[] = [
  ...(['parent', 'ancestor', 'null'] as const).map(
    (lvh): Fault => ({
      id: 'E3',
      what: `INVALID, latest valid hash ${lvh}`,
      commits: { c: 'ABC', e: 'ABCDE', g: 'ABCDEFG', abcdefx: 'ABCDEFG' },
      make: withBatch3((w) => {
        const of = { parent: l2Ref('ABCDE').hash, ancestor: l2Ref('ABC').hash, null: null }[lvh];
        answerNext(w, 'newPayload', invalid(of), 1);
      }),
      says: 'blocked rejected_by_engine',
      // L1 takes the batch back, and commits it anew in another block.
      heal: (w) => w.l1.switchTo('abcdefxy'),
      ends: 'G / G / -',
      reorgs: ['L1_REORG'],
    }),
  ),
  {
    id: 'E24',
    what: 'an engine that remembers an ancestor as invalid is asked again when the batch stands in a new block',
    commits: { c: 'ABC', e: 'ABCDE', g: 'ABCDEFG', abcdefx: 'ABCDEFG' },
    make: withBatch3((w) => answerNext(w, 'newPayload', invalid(null), 1)),
    says: 'blocked rejected_by_engine',
    heal: (w) => w.l1.switchTo('abcdefxyz'),
    ends: 'G / G / -',
    reorgs: ['L1_REORG'],
  },
];

const MOVED: readonly Fault[] = [
  {
    id: 'E16',
    what: 'restarted, its unsafe blocks lost',
    options: { engineChain: 'ABCDEUV' },
    make: (w) => w.engine.moveHead('ABCDE'),
    says: 'fine',
    meanwhile: 'E / E / -',
    reorgs: ['EL_ROLLBACK'],
  },
  {
    id: 'E17',
    what: 'restarted with safe and finalized at genesis',
    make: (w) => w.engine.label(null, null),
    says: 'fine',
    meanwhile: 'E / E / -',
  },
  {
    id: 'E18',
    what: 'wiped',
    make: (w) => w.engine.wipe(),
    says: 'fine',
    meanwhile: 'E / E / -',
    reorgs: ['EL_ROLLBACK'],
  },
  {
    id: 'E19',
    what: 'ahead, with blocks that we never sent',
    make: (w) => w.engine.moveHead('ABCDEFGHI'),
    says: 'fine',
    meanwhile: 'I / E / -',
    ends: 'I / E / -',
  },
  {
    id: 'E20',
    what: 'on a sibling branch',
    make: (w) => w.engine.moveHead('ABCDUV'),
    says: 'fine',
    meanwhile: 'E / E / -',
    reorgs: ['UNKNOWN', 'BATCH_MISMATCH'],
  },
  {
    id: 'E21',
    what: 'its head behind its own finalized block',
    make: (w) => {
      w.engine.moveHead('ABC');
      w.engine.label('ABC', 'ABCDE');
    },
    says: 'fine',
    meanwhile: 'E / E / E',
    ends: 'E / E / E',
    reorgs: ['EL_ROLLBACK'],
  },
  {
    id: 'E22',
    what: 'driven by a second consensus client',
    make: async (w) => {
      for (let i = 0; i < 5; i++) {
        w.engine.moveHead('ABCDUV');
        await w.settle();
      }
    },
    says: 'fine',
    meanwhile: 'E / E / -',
    reorgs: Array.from({ length: 5 }, () => ['UNKNOWN', 'BATCH_MISMATCH']).flat(),
  },
  {
    id: 'E23',
    what: 'its head set back by an administrator',
    make: (w) => w.engine.moveHead('A'),
    says: 'fine',
    meanwhile: 'E / E / -',
    reorgs: ['EL_ROLLBACK'],
  },
  {
    id: 'E25',
    what: 'latest lags behind the update',
    make: withBatch3((w) => {
      const real = w.engine.labels.bind(w.engine);
      let looks = 0;
      w.engine.labels = async () => {
        const now = await real();
        looks += 1;
        return looks === 2 ? { ...now, latest: l2Ref('ABCDE') } : now;
      };
    }),
    says: 'degraded head_not_moved',
    meanwhile: 'G / G / -',
    ends: 'G / G / -',
  },
];

export const ENGINE_FAULTS: readonly Fault[] = [...UNANSWERED, ...REFUSED, ...MOVED];

export const ENGINE_FAULTS_BELOW: readonly (readonly [id: string, file: string, test: string])[] = [
  ['E7', 'server/driver/rewind.test.ts', "['-38006', () =>"],
  ['E14', 'server/engine/engineSuite.ts', 'JWT Authentication: %s'],
  ['E4', 'server/engine/client.test.ts', "{ status: 'INVALID_BLOCK_HASH' }"],
];
