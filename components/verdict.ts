import type { FreshnessView, StatusAnswer, StatusView } from '../server/api/views.ts';
import type { Pill } from './live/connection.ts';
import { VERDICT_WORDS, type Word } from './words.ts';

/** What the page claims: the node's verdict, or Unknown with the last one known when the news is old. */
export interface Claim {
  readonly word: Word;
  readonly lastKnown: Word | null;
  readonly sentence: string;
  /** Numbers below are dimmed. */
  readonly stale: boolean;
  /** When what is shown was last known to be so, while it is stale. Milliseconds, server clock. */
  readonly asOf: number | null;
}

/** Whether a layer has been silent for more than two of its expected intervals. `now` is server time. */
export const isLate = (layer: FreshnessView, now: number): boolean =>
  layer.at === null || now - layer.at > 2 * layer.expectedEvery;

const waitingFor = (status: StatusView): string =>
  `Waiting for the first L1 block from ${status.node.l1Host}.`;

/** Joins the node's verdict with the two layers that can make it worthless: page to server, server to driver. */
export const claimOf = (answer: StatusAnswer, pill: Pill, now: number): Claim => {
  if (answer.kind === 'no_node') {
    return {
      word: VERDICT_WORDS.unknown,
      lastKnown: null,
      sentence: answer.sentence,
      stale: pill.kind === 'offline',
      asOf: pill.kind === 'offline' ? now - pill.lastAgo : null,
    };
  }
  const { status } = answer;
  const word = VERDICT_WORDS[status.verdict.kind];
  if (pill.kind === 'offline') {
    return {
      word: VERDICT_WORDS.unknown,
      lastKnown: word,
      sentence: 'This page cannot reach its server.',
      stale: true,
      asOf: now - pill.lastAgo,
    };
  }
  const { driver } = status.freshness;
  if (driver.at !== null && isLate(driver, now)) {
    return {
      word: VERDICT_WORDS.unknown,
      lastKnown: word,
      sentence: 'The driver has gone quiet.',
      stale: true,
      asOf: driver.at,
    };
  }
  const sentence =
    status.heads.l1 === null && status.verdict.kind === 'unknown'
      ? waitingFor(status)
      : status.verdict.sentence;
  return { word, lastKnown: null, sentence, stale: false, asOf: null };
};

/** `● Aligned · Chain · devnet`, so that a row of tabs can be read. `page` is left out on the overview. */
export const titleOf = (answer: StatusAnswer, stale: boolean, page: string | null = null): string => {
  const where = page === null ? '' : ` · ${page}`;
  if (answer.kind === 'no_node') return `◌ No node${where} · Plumbline`;
  const word = stale ? VERDICT_WORDS.unknown : VERDICT_WORDS[answer.status.verdict.kind];
  return `${word.glyph} ${word.word}${where} · ${answer.status.node.name}`;
};
