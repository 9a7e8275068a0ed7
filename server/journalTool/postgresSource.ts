import { Client, types } from 'pg';
import { type Source, type StoredRow, ToolError } from './source.ts';

const PAGE = 1_000;
const INT8 = 20;

/** Opens a node's journal in PostgreSQL to read it, also while the node runs. */
export async function openPostgresSource(url: string, node: string | null): Promise<Source> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === INT8 ? Number : types.getTypeParser(oid, format as 'text'),
    },
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SET default_transaction_read_only = on');
    const { rows } = await client.query<{ node: string; id: string; seq: number }>(
      'SELECT node, id, seq FROM journal_node ORDER BY node',
    );
    const names = rows.map((row) => row.node);
    const one = node === null && rows.length === 1 ? rows[0] : rows.find((row) => row.node === node);
    if (one === undefined) {
      const which = names.length === 0 ? 'it holds none' : `give --node, one of: ${names.join(', ')}`;
      throw new ToolError('usage', `the database does not say which journal is meant: ${which}`);
    }
    const floors = await client.query<{ seq: number; hash: Buffer; note: string }>(
      'SELECT seq, hash, note FROM journal_floor WHERE node = $1',
      [one.node],
    );
    return {
      name: `the journal of ${one.node} in PostgreSQL`,
      id: one.id,
      floor: floors.rows[0] ?? null,
      before: null,
      // A running node may add rows between this look and the last page, so it is asked for where they end.
      tip: null,
      rows: (after) => rowsOf(client, one.node, after),
      notes: () => notesOf(client, one.node),
      close: () => client.end(),
    };
  } catch (error) {
    await client.end().catch(() => {});
    throw error instanceof ToolError
      ? error
      : new ToolError('unreadable', `the database gives no answer (${codeOf(error)})`);
  }
}

/** The driver's messages name hosts and users: only their code goes on. */
const codeOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : 'no code';
};

async function* rowsOf(client: Client, node: string, after: number): AsyncGenerator<StoredRow> {
  for (let from = after; ; ) {
    const { rows } = await client.query<StoredRow>(
      'SELECT seq, at, kind, ref, payload, hash FROM journal_event WHERE node = $1 AND seq > $2 ORDER BY seq LIMIT $3',
      [node, from, PAGE],
    );
    yield* rows;
    if (rows.length < PAGE) return;
    from = rows.at(-1)!.seq;
  }
}

async function* notesOf(client: Client, node: string): AsyncGenerator<string> {
  for (let from = 0; ; ) {
    const { rows } = await client.query<{ seq: number; note: string }>(
      'SELECT seq, note FROM journal_checkpoint WHERE node = $1 AND seq > $2 ORDER BY seq LIMIT $3',
      [node, from, PAGE],
    );
    for (const { note } of rows) yield note;
    if (rows.length < PAGE) return;
    from = rows.at(-1)!.seq;
  }
}
