import { join } from 'node:path';
import type { CommonConfig } from '../config.ts';
import type { JournalStore } from '../journal/journal.ts';
import { openJournal } from '../journal/sqlite.ts';
import { systemClock } from '../lib/clock.ts';
import { createLogger } from '../telemetry/logger.ts';
import { eventLog } from './eventLog.ts';

/** The journal that the configuration asks for; each of its events is a line of the log. Throws `JournalError`. */
export async function journalOf(
  { name, dataDir, journal, log }: CommonConfig,
  sink: (line: string) => void,
): Promise<JournalStore> {
  const { databaseUrl, checkpointFile, keepDays } = journal;
  const onAppended = eventLog(createLogger(log, { clock: systemClock, sink }), log.level);
  const common = { clock: systemClock, checkpointFile, keepDays, onAppended };
  const file = join(dataDir, 'journal.db');
  if (databaseUrl === null) return openJournal({ ...common, file });
  // Loaded where it is used: most nodes have no such server, and its client is 11 MB of memory.
  const { openPostgresJournal } = await import('../journal/postgres.ts');
  return openPostgresJournal({ ...common, url: databaseUrl, node: name, keyFile: `${file}.key` });
}
