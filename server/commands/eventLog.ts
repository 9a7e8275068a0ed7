import type { JournalEvent } from '../journal/journal.ts';
import { type Severity, severityOf } from '../journal/kinds.ts';
import { sentenceOf } from '../status/activity.ts';
import type { Logger, LogLevel } from '../telemetry/logger.ts';

const LEVELS: Readonly<Record<Severity, LogLevel>> = {
  info: 'info',
  notice: 'info',
  warning: 'warn',
  critical: 'error',
};

/**
 * Says each event of the journal as one line of the log, once it is written: the sentence that the Activity page shows,
 * its kind and its number. At the level `debug` with its payload, otherwise without.
 */
export const eventLog =
  (logger: Logger, level: LogLevel) =>
  (events: readonly JournalEvent[]): void => {
    for (const event of events) {
      const { seq, kind, ref, payload } = event;
      logger[LEVELS[severityOf(kind)]](sentenceOf(event), {
        kind,
        seq,
        ...(ref === null ? {} : { ref }),
        ...(level === 'debug' ? { payload } : {}),
      });
    }
  };
