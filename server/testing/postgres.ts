import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TestPostgres {
  /** Of a superuser without a password; reachable from this machine alone. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Where Debian's packages put a version's programs. */
const DEBIAN = '/usr/lib/postgresql';

/** Folder of `initdb` and `postgres`, the newest version first; null when PostgreSQL is not installed. */
export function postgresBinaries(): string | null {
  if (!existsSync(DEBIAN)) return null;
  const versions = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
  const found = versions.map((version) => join(DEBIAN, version, 'bin'));
  return found.find((folder) => existsSync(join(folder, 'initdb'))) ?? null;
}

/**
 * Starts a cluster of its own in a temporary folder and removes it with `stop`. PostgreSQL refuses to run as root,
 * so there it runs as the user `postgres` that its package made.
 */
export async function startPostgres(binaries: string): Promise<TestPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-postgres-'));
  const data = join(folder, 'data');
  const asRoot = process.getuid?.() === 0;
  if (asRoot) execFileSync('chown', ['postgres', folder]);
  const command = (program: string, args: readonly string[]): [string, string[]] =>
    asRoot
      ? [
          'setpriv',
          ['--reuid=postgres', '--regid=postgres', '--init-groups', join(binaries, program), ...args],
        ]
      : [join(binaries, program), [...args]];
  execFileSync(...command('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-N']), {
    cwd: folder,
    stdio: 'pipe',
  });
  const port = await freePort();
  const server = spawn(
    ...command('postgres', ['-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1']),
    { cwd: folder, stdio: 'ignore' },
  );
  const exited = once(server, 'exit');
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      // "Fast": it closes the connections that are open instead of waiting for them.
      server.kill('SIGINT');
      await exited;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  for (let attempt = 0; attempt < 400; attempt++) {
    if (server.exitCode !== null) break;
    if (isReady(binaries, port)) return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, stop };
    await sleep(100);
  }
  await stop();
  throw new Error('PostgreSQL did not start');
}

function isReady(binaries: string, port: number): boolean {
  try {
    execFileSync(join(binaries, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port)]);
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
