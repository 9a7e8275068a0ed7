import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger, type LogFormat, type LogLevel } from './logger.ts';
import { SecretUrl } from './secretUrl.ts';

function recording(format: LogFormat = 'json', level: LogLevel = 'debug') {
  const lines: string[] = [];
  const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678) };
  return { lines, logger: createLogger({ format, level }, { clock, sink: (line) => lines.push(line) }) };
}

describe('logger', () => {
  it('writes one JSON object a line: time, level, message, then the fields of parents and call', () => {
    const { logger, lines } = recording();
    logger
      .child({ module: 'driver' })
      .child({ chain: 7 })
      .info('batch applied', { batch: 3, gasUsed: 21_000n, elapsedMs: 12.5 });
    expect(lines).toEqual([
      '{"time":"2026-01-02T03:04:05.678Z","level":"info","message":"batch applied","module":"driver","chain":7,"batch":3,"gasUsed":"21000","elapsedMs":12.5}',
    ]);
  });

  it('writes for eyes when asked to', () => {
    const { logger, lines } = recording('pretty');
    logger
      .child({ module: 'l1' })
      .warn('slow answer', { method: 'eth_getLogs', reason: 'rate limited', tries: [1, 2] });
    expect(lines).toEqual([
      '03:04:05.678 WARN  [l1] slow answer method=eth_getLogs reason="rate limited" tries=[1,2]',
    ]);
  });

  it('leaves out what is below its level', () => {
    const { logger, lines } = recording('json', 'warn');
    logger.debug('a');
    logger.info('b');
    logger.warn('c');
    logger.error('d');
    expect(lines.map((line) => JSON.parse(line).message)).toEqual(['c', 'd']);
  });

  it('prints no secret: by field name, in URLs, in errors and in their causes', () => {
    const { logger, lines } = recording();
    const cause = new TypeError('fetch failed for https://user:hunter2@rpc.example/v2/hunter2?k=hunter2');
    const error = Object.assign(new Error('postgres://u:hunter2@db/x is down', { cause }), {
      code: 'ECONNREFUSED',
    });
    logger.error('it broke at wss://rpc.example/hunter2', {
      jwtSecret: 'hunter2',
      l1_private_key: '0xhunter2',
      apiKey: 'hunter2',
      password: { nested: 'hunter2' },
      headers: { Authorization: 'Bearer hunter2', cookie: ['hunter2'] },
      url: SecretUrl.parse('https://rpc.example/hunter2', ['https:']),
      note: 'see http://host:8545/hunter2, then try again',
      error,
    });
    expect(lines[0]).not.toContain('hunter2');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      message: 'it broke at wss://rpc.example/***',
      url: 'https://rpc.example/***',
      note: 'see http://host:8545/*** then try again',
      error: { name: 'Error', code: 'ECONNREFUSED', cause: { name: 'TypeError' } },
    });
  });

  it('keeps public values that only sound secret', () => {
    const { logger, lines } = recording();
    logger.info('x', { publicKey: 'pk', transactionHash: '0x12', tokens: 3 });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ publicKey: 'pk', transactionHash: '0x12', tokens: 3 });
  });

  it('cannot be made to print a second line, steer a terminal, or fake its envelope', () => {
    for (const format of ['json', 'pretty'] as const) {
      fc.assert(
        fc.property(
          fc.string({ unit: 'binary' }),
          fc.string({ unit: 'binary' }),
          fc.anything(),
          (message, key, value) => {
            const { logger, lines } = recording(format);
            logger.info(`${message}\r\n\u001b[31m\u2028`, {
              [key]: value,
              level: 'error',
              time: 'never',
              nested: { value },
            });
            expect(lines).toHaveLength(1);
            expect(lines[0]).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
            if (format === 'json') expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info' });
          },
        ),
        { numRuns: 500 },
      );
    }
  });

  it('bounds what one event can hold', () => {
    const { logger, lines } = recording();
    const cycle: Record<string, unknown> = { big: 'x'.repeat(1_000_000), bytes: new Uint8Array(1_000_000) };
    cycle['self'] = cycle;
    logger.info('big', { cycle, list: Array.from({ length: 100_000 }, () => 1) });
    expect(lines[0]?.length).toBeLessThan(20_000);
    expect(lines[0]).toContain('1000000 bytes');
  });
});
