import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';

/** Statements kept compiled. Kysely writes the same text for the same query. */
const KEPT_STATEMENTS = 128;

/** node:sqlite as Kysely's SqliteDialect wants it. */
export function sqliteAdapter(database: DatabaseSync): SqliteDatabase {
  const kept = new Map<string, StatementSync>();
  const compiled = (sql: string): StatementSync => {
    const known = kept.get(sql);
    if (known !== undefined) return known;
    const statement = database.prepare(sql);
    kept.set(sql, statement);
    if (kept.size > KEPT_STATEMENTS) kept.delete(kept.keys().next().value!);
    return statement;
  };
  return {
    close: () => database.close(),
    prepare: (sql): SqliteStatement => {
      const statement = compiled(sql);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
        run: (parameters) => {
          const { changes, lastInsertRowid } = statement.run(...(parameters as SQLInputValue[]));
          return { changes, lastInsertRowid };
        },
        iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
      };
    },
  };
}
