import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const CLI = join(import.meta.dirname, 'cli.ts');

/** Runs the command line as a process of its own; resolves with its exit code and both outputs. */
async function plumbline(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...env } as unknown as NodeJS.ProcessEnv,
  });
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out: out.join(''), err: err.join('') };
}

describe('the command line', () => {
  it('lists every command, and each explains itself', async () => {
    const { code, out } = await plumbline(['--help']);
    expect(code).toBe(0);
    const commands = [...out.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name!);
    expect(commands).toEqual([
      'devnet',
      'chaos',
      'start',
      'status',
      'resync',
      'pause',
      'resume',
      'journal',
      'reconstruct',
      'engine',
    ]);
    const helps = await Promise.all(commands.map((command) => plumbline([command, '--help'])));
    for (const [index, help] of helps.entries()) {
      expect(help).toMatchObject({ code: 0, err: '' });
      expect(help.out).toContain(`plumbline ${commands[index]}`);
    }
  }, 60_000);

  it.each([
    [['sing'], 2, 'There is no command "sing"'],
    [['reconstruct'], 2, '--genesis is missing'],
    [
      ['reconstruct', '--genesis', '/nowhere.json', '--blobs', '.'],
      1,
      'The genesis file /nowhere.json cannot be read.',
    ],
    [['devnet', '--port', 'http'], 2, '--port is "http", but must be a whole number'],
    [['devnet', '--colour', 'red'], 2, "Unknown option '--colour'"],
    [['status', '--url', 'http://127.0.0.1:1'], 1, 'No node answers at http://127.0.0.1:1'],
    [['start'], 2, 'PLUMBLINE_L1_RPC_URL'],
  ])('%j exits %i with one clear sentence and no stack', async (args, code, sentence) => {
    const answer = await plumbline(args);
    expect(answer).toMatchObject({ code, out: '' });
    expect(answer.err).toContain(sentence);
    expect(answer.err).not.toMatch(/\n\s+at /);
  });

  it('ends when the launcher that held it was gone before it could listen', async () => {
    // Leashed, and no channel: the launcher died while this process was loading.
    const { code } = await plumbline(['devnet', '--no-ui', '--l1-port', '0'], {
      PLUMBLINE_LEASHED: '1',
    });
    expect(code).not.toBe(2);
  }, 30_000);
});
