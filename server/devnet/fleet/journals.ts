import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseVerifierKey } from '../../journalTool/note.ts';
import { openSqliteSource } from '../../journalTool/sqliteSource.ts';
import { verify } from '../../journalTool/verify.ts';
import type { Violation } from './invariants.ts';

export interface JournalsReport {
  /** Entries of all nodes by kind. */
  readonly counts: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
}

/** What the journals of nodes that have ended hold, and whether each is whole, as the tool judges it. */
export async function judgeJournals(dir: string, names: readonly string[]): Promise<JournalsReport> {
  const counts: Record<string, number> = {};
  const violations: Violation[] = [];
  for (const name of names) {
    const file = join(dir, 'nodes', name, 'journal.db');
    if (!existsSync(file)) continue;
    const source = openSqliteSource(file);
    try {
      for await (const { kind } of source.rows(0)) counts[kind] = (counts[kind] ?? 0) + 1;
      const key = parseVerifierKey(readFileSync(`${file}.key.pub`, 'utf8'));
      const { findings } = await verify(source, { key, outside: [] });
      violations.push(
        ...findings.map((finding) => ({ rule: 'journals_whole' as const, detail: `${name}: ${finding}` })),
      );
    } finally {
      await source.close();
    }
  }
  return { counts, violations };
}
