import { expect, it } from 'vitest';
import { ManualClock } from '../lib/clock.ts';
import { createLogger, type LogFormat, type LogLevel } from '../telemetry/logger.ts';
import { eventLog } from './eventLog.ts';

const EVENTS = [
  {
    seq: 7,
    at: 1,
    kind: 'batch.applied',
    ref: 'batch:3',
    payload: { batch: 3, firstBlock: 5, lastBlock: { number: 9 } },
  },
  { seq: 8, at: 2, kind: 'batch.invalid', ref: null, payload: { batch: 4, detail: 'WRONG_PARENT' } },
];

function said(level: LogLevel, format: LogFormat): readonly string[] {
  const lines: string[] = [];
  const logger = createLogger(
    { level, format },
    { clock: new ManualClock(0), sink: (line) => lines.push(line) },
  );
  eventLog(logger, level)(EVENTS);
  return lines;
}

it('says each event in its sentence, at the level of its severity', () => {
  expect(said('info', 'pretty')).toEqual([
    '00:00:00.000 INFO  batch 3 applied, L2 blocks 5–9 kind=batch.applied seq=7 ref=batch:3',
    '00:00:00.000 ERROR batch 4 dropped: WRONG_PARENT kind=batch.invalid seq=8',
  ]);
});

it('leaves out what is below the level, and gives the payload at debug', () => {
  expect(said('error', 'json').map((line) => JSON.parse(line).seq)).toEqual([8]);
  expect(JSON.parse(said('debug', 'json')[0]!)).toMatchObject({
    level: 'info',
    message: 'batch 3 applied, L2 blocks 5–9',
    payload: EVENTS[0]!.payload,
  });
});
