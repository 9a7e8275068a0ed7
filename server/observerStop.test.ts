import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openJournal } from './journal/sqlite.ts';
import { ManualClock } from './lib/clock.ts';
import { createObserverNode, type ObserverNodeDeps } from './observerNode.ts';
import { Secret } from './telemetry/secret.ts';
import { SecretUrl } from './telemetry/secretUrl.ts';
import { WORLD_CONFIG } from './testing/driverWorld.ts';
import { fakeL1 } from './testing/fakeL1.ts';
import { StringEngine } from './testing/stringEngine.ts';

it('an observer that stops ends its parts together: one that hangs holds up none of the others', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-observer-'));
  const sink = createServer(() => {}).listen(0, '127.0.0.1');
  await once(sink, 'listening');
  const told = once(sink, 'request');
  const clock = new ManualClock();
  const strings = new StringEngine('Z');
  let looks = 0;
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const node = Object.assign(strings, {
    name: 'watched',
    chainId: async () => 2,
    close: async () => {},
    labels: async () => {
      looks += 1;
      if (looks > 1) await held;
      return StringEngine.prototype.labels.call(strings);
    },
  }) as unknown as ObserverNodeDeps['node'];
  const observer = createObserverNode(
    {
      name: 'watch',
      software: 'plumbline',
      config: WORLD_CONFIG,
      l1Host: 'l1',
      pollIntervalMs: 1_000,
      webhook: {
        url: SecretUrl.parse(`http://127.0.0.1:${(sink.address() as AddressInfo).port}/hook`, ['http:'])!,
        secret: new Secret('k'.repeat(32)),
        stateFile: join(dir, 'webhook.json'),
      },
    },
    { l1: fakeL1('abc'), node, journal: await openJournal({ file: null, clock }), clock, onError: () => {} },
  );
  observer.start();
  // The receiver takes the message and never answers, and then the watched node does not answer either.
  const [request] = (await told) as [IncomingMessage];
  const givenUp = new Promise<unknown>((resolve) => request.once('error', resolve).once('close', resolve));
  while (looks < 2) await clock.advance(1_000);
  const stopped = observer.stop();
  await givenUp;
  release();
  await stopped;
  expect(looks).toBe(2);
  sink.closeAllConnections();
  sink.close();
  rmSync(dir, { recursive: true });
});
