import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { createScriptedNode } from '../testing/scriptedNode.ts';
import type { Scenario } from '../testing/scriptedStatus.ts';
import { CommandError } from './command.ts';
import { statusNearby } from './status.ts';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-status-'));
const controlFile = join(dir, 'chaos.json');
const servers: Server[] = [];

afterEach(async () => {
  rmSync(controlFile, { force: true });
  for (const server of servers.splice(0)) await close(server);
});

afterAll(() => rmSync(dir, { recursive: true }));

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });

async function serve(body: string): Promise<string> {
  const server = createServer((_request, response) => response.end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const nodeThat = (scenario: Scenario): Promise<string> =>
  serve(JSON.stringify(createScriptedNode(scenario).status()));

/** An address where nothing listens. */
async function nowhere(): Promise<string> {
  const url = await serve('');
  await close(servers.pop()!);
  return url;
}

/** The file as a devnet with these dashboards writes it. */
function devnetOf(...urls: string[]): void {
  const dashboards = urls.map((url, at) => ({ name: `node-${at + 1}`, url }));
  const content = { url: 'http://127.0.0.1:1/chaos', token: 'ab'.repeat(32), dashboards };
  writeFileSync(controlFile, JSON.stringify(content), { mode: 0o600 });
}

async function ask(usual: string) {
  const said: string[] = [];
  const context = { progress: (line: string) => said.push(line), signal: new AbortController().signal };
  return { status: await statusNearby({ usual, controlFile }, context), said };
}

it('asks the usual address first, and then says nothing of it', async () => {
  devnetOf(await nodeThat('halted'));
  const { status, said } = await ask(await nodeThat('aligned'));
  expect(status.verdict.kind).toBe('aligned');
  expect(said).toEqual([]);
});

it('asks the devnet where nothing answers there, past a node that is stopped, and says whom', async () => {
  const [usual, halted] = [await nowhere(), await nodeThat('halted')];
  devnetOf(await nowhere(), halted);
  const { status, said } = await ask(usual);
  expect(status.verdict.kind).toBe('halted');
  expect(said).toEqual([
    `Nothing answers at ${usual}: asked node-2 of the devnet that runs here, at ${halted}.`,
  ]);
});

it('names every address where nothing answered', async () => {
  const [usual, gone] = [await nowhere(), await nowhere()];
  await expect(ask(usual)).rejects.toThrow(`No node answers at ${usual}: is one running`);
  devnetOf(usual, gone);
  await expect(ask(usual)).rejects.toThrow(`No node answers at ${usual}, ${gone}: is one running`);
  await expect(ask(usual)).rejects.toThrow(CommandError);
});

it('takes another program at the usual address for what it is, and does not go on', async () => {
  devnetOf(await nodeThat('aligned'));
  await expect(ask(await serve('<html>'))).rejects.toThrow("not with a node's status");
});
