import { Client } from 'pg';
import { postgresBinaries, startPostgres, type TestPostgres } from './postgres.ts';

const binaries = postgresBinaries();
const given = process.env['DATABASE_URL'];

/** A machine of a user may lack a server; CI installs one, and fails rather than skips without it. */
export const hasPostgres: boolean =
  given !== undefined || binaries !== null || process.env['CI'] !== undefined;

export interface PostgresSchema {
  /** Leads into a schema of its own, so that a database which is given keeps what it has. */
  readonly url: string;
  sql(text: string): Promise<Record<string, unknown>[]>;
  /** Null where the server is not ours. */
  readonly server: TestPostgres | null;
  dispose(): Promise<void>;
}

/** The server that `DATABASE_URL` names, or one that is started for this. `name`: of the schema. */
export async function postgresSchema(name: string): Promise<PostgresSchema> {
  if (given === undefined && binaries === null) {
    throw new Error('no PostgreSQL server: install one or set DATABASE_URL');
  }
  const server = given === undefined ? await startPostgres(binaries!) : null;
  const base = given ?? server!.url;
  const schema = `${name}_${process.pid}`;
  const run = async (url: string, text: string): Promise<Record<string, unknown>[]> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };
  await run(base, `CREATE SCHEMA ${schema}`);
  const url = `${base}${base.includes('?') ? '&' : '?'}options=${encodeURIComponent(`-c search_path=${schema}`)}`;
  return {
    url,
    server,
    sql: (text) => run(url, text),
    dispose: async () => {
      await run(base, `DROP SCHEMA ${schema} CASCADE`);
      await server?.stop();
    },
  };
}
