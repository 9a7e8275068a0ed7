import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createScriptedNode } from '../testing/scriptedNode.ts';

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly said: string;
}

const plumbline = (...args: string[]): Promise<Answer> =>
  new Promise((resolve) => {
    const cli = join(import.meta.dirname, '..', 'cli.ts');
    const child = execFile(process.execPath, [cli, ...args], (_error, out, said) =>
      resolve({ code: child.exitCode ?? -1, out, said }),
    );
  });

describe('the command line', () => {
  it.each(['toString', '__proto__', 'constructor'])('%s is no command: exit 2', async (name) => {
    const { code, out, said } = await plumbline(name);
    expect({ code, out, said }).toEqual({
      code: 2,
      out: '',
      said: `There is no command "${name}". See: plumbline --help\n`,
    });
  });

  it.each([
    [['status', '--url', 'nowhere'], 2, '--url is "nowhere"'],
    [['status', '--url', 'localhost:3000'], 2, '--url is "localhost:3000"'],
    [['engine', '--genesis', import.meta.filename], 3, 'is not JSON'],
  ])('%j: exit %i and a sentence', async (args, code, sentence) => {
    const answer = await plumbline(...args);
    expect(answer).toMatchObject({ code, out: '', said: expect.stringContaining(sentence) });
    expect(answer.said).not.toContain('bug in Plumbline');
  });
});

describe('plumbline status', () => {
  let server: Server | null = null;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  const serve = (body: string): Promise<string> =>
    new Promise((resolve) => {
      const own = createServer((_request, response) => response.end(body));
      server = own;
      own.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(own.address() as AddressInfo).port}`));
    });

  it.each([
    ['aligned', 0],
    ['halted', 4],
  ] as const)('of a node that is %s exits %i', async (scenario, code) => {
    const status = createScriptedNode(scenario).status();
    const answer = await plumbline('status', '--url', await serve(JSON.stringify(status)));
    expect(answer.code).toBe(code);
    expect(answer.out).toContain(`${scenario.toUpperCase()}  ${status.verdict.sentence}`);
  });

  it('of what is no node exits 1 and says so', async () => {
    const answer = await plumbline('status', '--url', await serve('<html>'));
    expect(answer.code).toBe(1);
    expect(answer.said).toContain("but not with a node's status");
  });

  it('where nobody answers exits 1 and says so', async () => {
    const url = await serve('');
    await new Promise((resolve) => server?.close(resolve));
    const answer = await plumbline('status', '--url', url);
    expect(answer.code).toBe(1);
    expect(answer.said).toContain(`No node answers at ${url}`);
  });
});
