import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ChaosError } from './chaosError.ts';
import { type ChaosControl, readControlFile, startChaosControl } from './control.ts';
import type { ChaosAnswer, ChaosCommand } from './verbTable.ts';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-control-'));
let control: ChaosControl;
let asked: ChaosCommand[] = [];
let answer: () => Promise<ChaosAnswer>;

beforeAll(async () => {
  const run = (command: ChaosCommand) => {
    asked.push(command);
    return answer();
  };
  control = await startChaosControl({ dir, dashboards: [] }, { run });
});
beforeEach(() => {
  asked = [];
  answer = async () => ({ changed: true, sentence: 'Done.' });
});
afterAll(async () => {
  await control.close();
  rmSync(dir, { recursive: true });
});

interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly headers?: Record<string, string | undefined>;
}

/** `fetch` sets Host itself: this sends what it is given, and a valid request where nothing is given. */
function ask({ method = 'POST', path = '/chaos', body = '{"verb":"status"}', headers = {} }: Ask) {
  const { port } = new URL(control.url);
  const all = {
    'content-type': 'application/json',
    authorization: `Bearer ${control.token}`,
    ...headers,
  };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new Promise<{ status: number; body: unknown }>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers: given }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode!, body: JSON.parse(text) }));
    });
    sent.on('error', reject);
    sent.end(method === 'GET' ? undefined : body);
  });
}

test('a verb with the token is run and answered', async () => {
  const body = JSON.stringify({ verb: 'reorg', args: { depth: '5' } });
  expect(await ask({ body })).toEqual({ status: 200, body: { changed: true, sentence: 'Done.' } });
  expect(asked).toEqual([{ verb: 'reorg', args: { depth: 5, transactions: 'keep' } }]);
});

test.each<[string, number, Ask]>([
  ['without a token', 401, { headers: { authorization: undefined } }],
  ['with another token', 401, { headers: { authorization: `Bearer ${'0'.repeat(64)}` } }],
  ['with a token of another length', 401, { headers: { authorization: 'Bearer x' } }],
  ['under another host name', 421, { headers: { host: 'rebound.example:80' } }],
  ['under the right name at another port', 421, { headers: { host: '127.0.0.1:1' } }],
  ['from a web page', 403, { headers: { origin: 'http://localhost:3000' } }],
  ['from a web page without a name', 403, { headers: { origin: 'null' } }],
  ['from a page of the same site', 403, { headers: { 'sec-fetch-site': 'same-site' } }],
  ['by GET', 405, { method: 'GET' }],
  ['by OPTIONS', 405, { method: 'OPTIONS' }],
  ['at another path', 404, { path: '/' }],
  ['as multipart', 415, { headers: { 'content-type': 'multipart/form-data; boundary=x' } }],
  ['as a form', 415, { headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
  ['as text', 415, { headers: { 'content-type': 'text/plain' } }],
  ['without a type', 415, { headers: { 'content-type': undefined } }],
  ['that is too large', 413, { body: JSON.stringify({ verb: 'x'.repeat(20_000) }) }],
  ['that is no JSON', 400, { body: '{' }],
  ['without a verb', 400, { body: '{}' }],
  ['with a verb that is none', 400, { body: '{"verb":"__proto__"}' }],
  ['with more than verb and arguments', 400, { body: '{"verb":"status","sudo":true}' }],
  ['with arguments that are none', 400, { body: '{"verb":"stop","args":["leader"]}' }],
])('a request %s is refused with %i and one sentence, and nothing is done', async (_, status, request) => {
  expect(await ask(request)).toEqual({ status, body: { error: expect.stringMatching(/^[A-Zas].*\.$/) } });
  expect(asked).toEqual([]);
});

test('what cannot be done is a sentence with the status that fits', async () => {
  answer = () => Promise.reject(new ChaosError('not_now', 'Nobody leads.'));
  expect(await ask({})).toEqual({ status: 409, body: { error: 'Nobody leads.' } });
  answer = () => Promise.reject(new Error('broken'));
  expect(await ask({})).toEqual({ status: 500, body: { error: 'It did not work: broken' } });
});

test('its file is readable by its owner only, is gone at the end, and is refused when others could read it', async () => {
  const other = mkdtempSync(join(tmpdir(), 'plumbline-control-'));
  const dashboards = [{ name: 'node-1', url: 'http://localhost:3400' }];
  const second = await startChaosControl({ dir: other, dashboards }, { run: answer });
  expect(readControlFile(second.file)).toEqual({
    ok: true,
    value: { url: second.url, token: second.token, dashboards },
  });
  if (process.platform !== 'win32') {
    expect(statSync(second.file).mode & 0o777).toBe(0o600);
    chmodSync(second.file, 0o644);
    expect(readControlFile(second.file)).toMatchObject({ ok: false });
  }
  await second.close();
  expect(existsSync(second.file)).toBe(false);
  expect(readControlFile(second.file)).toMatchObject({
    ok: false,
    error: expect.stringContaining('No devnet'),
  });
  writeFileSync(second.file, '{"url":"http://127.0.0.1:1"}', { mode: 0o600 });
  expect(readControlFile(second.file)).toMatchObject({ ok: false });
  rmSync(other, { recursive: true });
});

const CLI = join(import.meta.dirname, '..', '..', 'cli.ts');
async function plumbline(...args: string[]) {
  const child = spawn(process.execPath, ['--no-warnings', CLI, 'chaos', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const read = async (stream: NodeJS.ReadableStream): Promise<string> => {
    let text = '';
    for await (const chunk of stream) text += chunk;
    return text;
  };
  const [out, error, [code]] = await Promise.all([
    read(child.stdout),
    read(child.stderr),
    once(child, 'exit') as Promise<[number]>,
  ]);
  return { code, out, error };
}

test('the command line says verbs to it, by the file', async () => {
  const said = await plumbline('delay-commits', 'node-2', '500', '--devnet', control.file);
  expect(said).toEqual({ code: 0, out: 'Done.\n', error: '' });
  expect(asked).toEqual([{ verb: 'delay-commits', args: { node: 'node-2', ms: 500 } }]);
  answer = () => Promise.reject(new ChaosError('not_now', 'Nobody leads.'));
  expect(await plumbline('stop', '--devnet', control.file)).toEqual({
    code: 1,
    out: '',
    error: 'Nobody leads.\n',
  });
});

test('the command line refuses what it does not know, and lists what it does', async () => {
  const unknown = await plumbline('explode');
  expect(unknown).toMatchObject({ code: 2, error: expect.stringContaining('plumbline chaos --help') });
  const absent = await plumbline('status', '--devnet', join(dir, 'none.json'));
  expect(absent).toMatchObject({ code: 1, error: expect.stringContaining('No devnet') });
  const help = await plumbline('--help');
  expect(help.code).toBe(0);
  expect(help.out).toContain('  reorg [DEPTH] [TRANSACTIONS]  replace the last DEPTH blocks of L1');
});
