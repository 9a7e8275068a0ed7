/** The projections' tables, for both databases. `node` is the column that only PostgreSQL has. */
export interface ModelDialect {
  /** Column definition with its comma, or nothing. */
  readonly node: string;
  /** Beginning of each key and index. */
  readonly key: string;
  readonly integer: string;
  /** After the column list. */
  readonly options: string;
}

export const SQLITE_MODELS: ModelDialect = { node: '', key: '', integer: 'INTEGER', options: ' STRICT' };
export const POSTGRES_MODELS: ModelDialect = {
  node: 'node TEXT NOT NULL, ',
  key: 'node, ',
  integer: 'BIGINT',
  options: '',
};

/** Raise it with every change of what the projections hold: they are then thrown away and built again. */
export const MODEL_VERSION = 1;

export const MODEL_TABLES = ['journal_reorg', 'journal_batch', 'journal_leader', 'journal_intent'] as const;

/** Statements that create what is missing. */
export function modelTables({ node, key, integer, options }: ModelDialect): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS journal_model (${node}name TEXT NOT NULL, version ${integer} NOT NULL, up_to ${integer} NOT NULL, PRIMARY KEY (${key}name))${options}`,
    `CREATE TABLE IF NOT EXISTS journal_reorg (${node}seq ${integer} NOT NULL, id TEXT NOT NULL, layer TEXT NOT NULL, cause TEXT NOT NULL, depth ${integer} NOT NULL, detected_at ${integer} NOT NULL, recovered_at ${integer}, record TEXT NOT NULL, PRIMARY KEY (${key}seq))${options}`,
    `CREATE INDEX IF NOT EXISTS journal_reorg_id ON journal_reorg (${key}id)`,
    `CREATE INDEX IF NOT EXISTS journal_reorg_depth ON journal_reorg (${key}depth, seq)`,
    `CREATE TABLE IF NOT EXISTS journal_batch (${node}seq ${integer} NOT NULL, batch ${integer} NOT NULL, l1_hash TEXT NOT NULL, status TEXT NOT NULL, began_at ${integer} NOT NULL, "row" TEXT NOT NULL, PRIMARY KEY (${key}seq))${options}`,
    `CREATE INDEX IF NOT EXISTS journal_batch_number ON journal_batch (${key}batch, seq)`,
    `CREATE INDEX IF NOT EXISTS journal_batch_status ON journal_batch (${key}status, seq)`,
    `CREATE TABLE IF NOT EXISTS journal_leader (${node}seq ${integer} NOT NULL, leader TEXT, since ${integer} NOT NULL, until ${integer}, first_batch ${integer} NOT NULL, last_batch ${integer}, why TEXT NOT NULL, "by" TEXT, PRIMARY KEY (${key}seq))${options}`,
    `CREATE INDEX IF NOT EXISTS journal_leader_who ON journal_leader (${key}leader, seq)`,
    `CREATE TABLE IF NOT EXISTS journal_intent (${node}seq ${integer} NOT NULL, at ${integer} NOT NULL, kind TEXT NOT NULL, ref TEXT NOT NULL, payload TEXT NOT NULL, PRIMARY KEY (${key}seq))${options}`,
    `CREATE INDEX IF NOT EXISTS journal_intent_ref ON journal_intent (${key}ref)`,
  ];
}
