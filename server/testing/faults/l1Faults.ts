/** Faults R18 to R41 of an L1 endpoint (design/reliability.md 1.2), as far as the driver is who has to survive them. */
import type { World } from '../driverWorld.ts';
import { l1Ref } from '../stringChain.ts';
import type { Fault } from './fault.ts';

const heads = (w: World, latest: string, safe: string | null, finalized: string | null) => {
  const ref = (text: string | null) => (text === null ? null : l1Ref(text));
  w.l1.answerNext('heads', { latest: l1Ref(latest), safe: ref(safe), finalized: ref(finalized) });
};
/** What all of L1's commits are, in order. */
const commitsOf = (w: World) => w.l1.batchCommits(0, w.l1.head.number, w.l1.head);

export const L1_FAULTS: readonly Fault[] = [
  { id: 'R18', what: 'the head stands still', make: () => {}, says: 'fine' },
  ...[1, 2, 5].map(
    (back): Fault => ({
      id: 'R19',
      what: `the head goes back by ${back}`,
      make: (w) => w.l1.showHead('abcdef'.slice(0, 6 - back)),
      says: 'stale',
      heal: (w) => w.l1.showHead(null),
    }),
  ),
  {
    id: 'R19',
    what: 'the head goes back by 64',
    branch: `abcdef${'m'.repeat(80)}`,
    make: (w) => w.l1.showHead(`abcdef${'m'.repeat(16)}`),
    says: 'stale',
    heal: (w) => w.l1.showHead(null),
  },
  {
    id: 'R20',
    what: 'the head jumps forward by 1,200',
    make: (w) => w.l1.mine('m'.repeat(1_200)),
    says: 'fine',
  },
  {
    id: 'R20',
    what: 'the head jumps forward by more than a gap that is filled',
    make: (w) => w.l1.mine('m'.repeat(2_500)),
    says: 'fine',
  },
  {
    id: 'R21',
    what: 'the same number, a new hash',
    make: (w) => w.l1.switchTo('abcdex'),
    says: 'fine',
    reorgs: ['L1_REORG'],
  },
  {
    id: 'R22',
    what: 'finalized above safe',
    make: (w) => {
      w.l1.markSafe('abc');
      w.l1.finalize('abcde');
    },
    says: 'fine',
    meanwhile: 'E / E / E',
    ends: 'E / E / E',
  },
  {
    id: 'R22',
    what: 'safe and finalized above latest',
    make: (w) => heads(w, 'abcdef', 'abcdefgh', 'abcdefgh'),
    says: 'fine',
  },
  { id: 'R23', what: 'no safe and no finalized label', make: (w) => w.l1.finalize(null), says: 'fine' },
  {
    id: 'R24',
    what: 'finalized goes back',
    make: async (w) => {
      w.l1.finalize('abcdef');
      await w.settle();
      w.l1.finalize('abc');
    },
    says: 'fine',
    meanwhile: 'E / E / E',
    ends: 'E / E / E',
  },
  {
    id: 'R25',
    what: 'a timestamp in the future',
    make: (w) => {
      const latest = { ...l1Ref('abcdef'), timestamp: 9_999_999_999 };
      w.l1.answerNext('heads', { latest, safe: null, finalized: null });
    },
    says: 'fine',
  },
  {
    id: 'R25',
    what: "a timestamp equal to the parent's",
    make: (w) => {
      w.l1.mine('m');
      const latest = { ...l1Ref('abcdefm'), timestamp: l1Ref('abcdef').timestamp };
      w.l1.answerNext('heads', { latest, safe: null, finalized: null });
    },
    says: 'fine',
  },
  {
    id: 'R26',
    what: 'two backends take turns, one three blocks behind',
    make: async (w) => {
      for (const shown of ['abc', null, 'abc', null, 'abc']) {
        w.l1.showHead(shown);
        await w.settle();
      }
    },
    says: 'stale',
    heal: (w) => w.l1.showHead(null),
  },
  {
    id: 'R27',
    what: 'two backends take turns, on two branches',
    make: async (w) => {
      for (const branch of ['abcdxy', 'abcdef', 'abcdxy', 'abcdef']) {
        w.l1.switchTo(branch);
        await w.settle();
      }
    },
    says: 'fine',
    reorgs: ['L1_REORG', 'L1_REORG', 'L1_REORG', 'L1_REORG'],
  },
  {
    id: 'R28',
    what: 'a block by number and by hash that disagree',
    make: (w) => {
      w.l1.mine('mmmmmm');
      for (let i = 0; i < 6; i++) w.l1.answerNext('blockByNumber', l1Ref(`abcdex${'y'.repeat(i)}`));
    },
    says: 'reset not_canonical',
  },
  {
    id: 'R29',
    what: 'the parent of the new head is unknown',
    make: (w) => {
      w.l1.switchTo('abcdefmm');
      w.l1.switchTo('abcdeuv');
      w.l1.answerNext('blockByHash', null);
    },
    says: 'reset not_canonical',
    reorgs: ['L1_REORG'],
  },
  ...(
    [
      ['R37', 'a log is left out, with the right block hash', (all) => all.slice(0, -1)],
      ['R40', 'no logs, although the bloom has them', () => []],
      ['R41', 'logs in the wrong order', (all) => all.toReversed()],
    ] as [string, string, (all: Awaited<ReturnType<typeof commitsOf>>) => typeof all][]
  ).map(
    ([id, what, change]): Fault => ({
      id,
      what,
      branch: 'ab',
      make: async (w) => {
        w.l1.mine('cdef');
        w.l1.answerNext('batchCommits', change(await commitsOf(w)));
      },
      says: 'temporary incomplete_l1',
      meanwhile: id === 'R37' ? 'C / C / -' : 'A / - / -',
    }),
  ),
  {
    id: 'R38',
    what: 'a log twice',
    branch: 'ab',
    make: async (w) => {
      w.l1.mine('cdef');
      const all = await commitsOf(w);
      w.l1.answerNext('batchCommits', [all[0]!, ...all]);
    },
    says: 'fine',
    meanwhile: 'E / E / -',
  },
];

/** Faults that end below the driver: which test holds them there. */
export const L1_FAULTS_BELOW: readonly (readonly [id: string, file: string, test: string])[] = [
  [
    'R36',
    'server/l1/viemL1.test.ts',
    'are never asked for beyond the pinned block, where a node would answer nothing without an error',
  ],
  ['R39', 'server/l1/viemL1.test.ts', 'marked removed'],
];
