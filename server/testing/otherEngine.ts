/** Any engine with the Engine API, started by a command that the environment names. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectEngine } from '../engine/connect.ts';
import { systemClock } from '../lib/clock.ts';
import { Door } from './door.ts';

const START_TIMEOUT_MS = 60_000;
const LOOK_MS = 200;
const STOP_TIMEOUT_MS = 10_000;

export interface OtherEngine {
  readonly url: string;
  readonly secret: Uint8Array;
  close(): Promise<void>;
}

/**
 * Runs the command through a shell, in the folder `{home}`, with that, `{genesis}`, `{secret}` (paths) and `{port}` filled in, in a group of
 * its own that ends with it. Throws when it does not listen within a minute.
 */
export async function startOtherEngine(command: string, genesis: unknown): Promise<OtherEngine> {
  const home = mkdtempSync(join(tmpdir(), 'plumbline-engine-'));
  const secret = new Uint8Array(randomBytes(32));
  const { port, url } = await Door.reserve();
  const places = { home, genesis: join(home, 'genesis.json'), secret: join(home, 'jwt.hex'), port };
  writeFileSync(places.genesis, JSON.stringify(genesis));
  writeFileSync(places.secret, Buffer.from(secret).toString('hex'), { mode: 0o600 });
  // A command may be written over several lines.
  const line = Object.entries(places).reduce(
    (text, [name, at]) => text.replaceAll(`{${name}}`, `${at}`),
    command.replaceAll(/\s*\n\s*/g, ' '),
  );
  // In its own folder: some write logs beside themselves.
  const child = spawn('/bin/sh', ['-c', line], {
    cwd: home,
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  const signal = (name: NodeJS.Signals): void => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, name);
  };
  const close = async (): Promise<void> => {
    signal('SIGTERM');
    const timer = setTimeout(() => signal('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
    rmSync(home, { recursive: true, force: true });
  };
  const engine = connectEngine({ url, jwtSecret: secret });
  try {
    for (const giveUpAt = Date.now() + START_TIMEOUT_MS; ; ) {
      const answer = await engine.chainId().catch((error: Error) => error);
      if (typeof answer === 'number') return { url, secret, close };
      if (child.exitCode !== null || Date.now() > giveUpAt) throw answer;
      await systemClock.sleep(LOOK_MS);
    }
  } catch (error) {
    await close();
    throw error;
  } finally {
    await engine.close();
  }
}
