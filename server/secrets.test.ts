import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from './config.ts';
import { L1Error } from './l1/l1.ts';
import { createLogger } from './telemetry/logger.ts';
import {
  OPERATOR_TOKEN,
  type OperatedServer,
  operatedServer,
  VIEWER_TOKEN,
} from './testing/operatedServer.ts';

/**
 * reliability.md W17, W18, W26 and row 24: canaries where secrets are, errors of many kinds, and a look at everything
 * that leaves the process.
 */
const CANARY = 'CANARYdeadbeefCANARY';

let server: OperatedServer;
const written: string[] = [];
const spies: { mockRestore(): void }[] = [];

beforeAll(async () => {
  server = await operatedServer();
  for (const stream of [process.stdout, process.stderr]) {
    const real = stream.write.bind(stream);
    spies.push(
      vi.spyOn(stream, 'write').mockImplementation(((chunk: string | Uint8Array, ...rest: never[]) => {
        written.push(String(chunk));
        return real(chunk, ...rest);
      }) as never),
    );
  }
});
afterAll(async () => {
  for (const spy of spies) spy.mockRestore();
  await server.close();
});

const BODIES = [
  '{}',
  'null',
  '[]',
  '"x"',
  '{"token":1}',
  `{"token":"${CANARY}"}`,
  '{',
  '{"target":{"kind":"x"}}',
  `{"reason":"${CANARY}\u2028"}`,
];
const PATHS = [
  'signIn',
  'signOut',
  'preview',
  'execute',
  'pause',
  'resume',
  'nothing',
  '__proto__',
  'constructor',
  'signIn,signIn',
];
const AUTHORIZATIONS = [
  `Bearer ${CANARY}`,
  `Bearer ${CANARY} ${CANARY}`,
  `Basic ${CANARY}`,
  `Bearer ${VIEWER_TOKEN}`,
];

describe('W17, W18: nothing that leaves the process', () => {
  it('repeats a token, a stack or a path, whatever is sent', async () => {
    const answers: string[] = [];
    for (const path of PATHS) {
      for (const body of BODIES) {
        for (const authorization of AUTHORIZATIONS) {
          server.clock.at += 3_600_000;
          const answer = await fetch(`${server.url}/api/trpc/operator.${path}`, {
            method: 'POST',
            headers: {
              'content-type': 'application/json',
              authorization,
              cookie: `${server.operator.cookieName}=${CANARY}`,
            },
            body,
          });
          answers.push(`${JSON.stringify([...answer.headers])} ${await answer.text()}`);
        }
      }
    }
    expect(answers).toHaveLength(360);
    const all = [...answers, ...written, JSON.stringify(server.journal)].join('\n');
    for (const secret of [CANARY, OPERATOR_TOKEN, VIEWER_TOKEN]) expect(all).not.toContain(secret);
    expect(answers.join('\n')).not.toMatch(/node_modules|\.ts:\d|"stack"/);
  });

  it('holds a key of an RPC URL, in no error of the configuration', () => {
    const secret = `https://user:${CANARY}@rpc.example/${CANARY}?key=${CANARY}`;
    const env = {
      PLUMBLINE_L1_RPC_URL: `${secret},ftp://${CANARY}`,
      PLUMBLINE_L1_WS_URL: secret,
      PLUMBLINE_BEACON_URL: `x${CANARY}`,
      PLUMBLINE_ENGINE_URL: `x${CANARY}`,
      PLUMBLINE_OPERATOR_TOKEN: CANARY,
      DATABASE_URL: `mysql://user:${CANARY}@db/x`,
    };
    const loaded = loadConfig({ env, cwd: '/' });
    expect(loaded.ok).toBe(false);
    expect(JSON.stringify(loaded)).not.toContain(CANARY);
  });

  it('W26: is one JSON line a log event, with secrets in URLs, causes and names replaced', () => {
    const lines: string[] = [];
    const logger = createLogger(
      { level: 'debug', format: 'json' },
      { clock: { now: () => 0 }, sink: (line) => lines.push(line) },
    );
    const url = `https://user:${CANARY}@rpc.example/v3/${CANARY}?key=${CANARY}`;
    const cause = new Error(`request to ${url} failed`);
    logger.error(`no answer from ${url}\n{"level":"info"}`, {
      error: new L1Error('unreachable', 'eth_call', `POST ${url}`, cause),
      operatorToken: CANARY,
      authorization: `Bearer ${CANARY}`,
      cookie: CANARY,
      nested: { jwtSecret: CANARY, list: [url] },
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('\n');
    expect(lines[0]).not.toContain(CANARY);
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'error' });
  });
});
