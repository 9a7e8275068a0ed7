import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A file as version 0.1 of the program wrote it. */
export function makeVersion1(path: string, rows: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; BEGIN;
    CREATE TABLE event (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, ref TEXT, payload TEXT NOT NULL) STRICT;
    CREATE INDEX event_by_kind ON event (kind, seq);
    CREATE TRIGGER event_is_next BEFORE INSERT ON event
      WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM event)
      BEGIN SELECT RAISE(ABORT, 'seq rises by one'); END;
    CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;`);
  const insert = database.prepare('INSERT INTO event VALUES (?, ?, ?, ?, ?)');
  for (let number = 1; number <= rows; number++) {
    insert.run(number, number, 'old', `r${number}`, `{"number":${number},"text":"é"}`);
  }
  database.exec('PRAGMA application_id = 0x504c4d42; PRAGMA user_version = 1; COMMIT');
  database.close();
}
