/**
 * What any engine behind the Engine API must do, over HTTP with a token as a driver reaches it. The cases carry the
 * names of the hive project's engine suites (forkchoice, reorg, invalid ancestor, invalid payload, building, auth), so
 * that a failure can be compared with other clients'. Where engines differ on purpose the difference is a trait.
 */
import { describe, expect, test } from 'vitest';
import { type EngineTraits, group, type OpenEngine } from '../testing/engineBench.ts';
import { connectEngine } from './connect.ts';
import { forkchoiceCases, reorgCases } from './forkchoiceSuite.ts';
import { buildingCases, invalidCases } from './payloadSuite.ts';

/** The suite. `open` starts an engine on a genesis in geth's format, empty. */
export function engineSuite(name: string, open: OpenEngine, traits: EngineTraits): void {
  describe(`${name}, as an engine`, () => {
    forkchoiceCases(open, traits);
    reorgCases(open, traits);
    invalidCases(open);
    buildingCases(open, traits);
    authCases(open);
  });
}

const flipped = (secret: Uint8Array): Uint8Array => secret.map((byte) => byte ^ 0xff);

function authCases(open: OpenEngine): void {
  group('auth', open, (bench) => {
    const ask = async (secret: Uint8Array | undefined, skewSeconds: number): Promise<unknown> => {
      const { url } = bench().subject;
      const now = () => Date.now() + skewSeconds * 1_000;
      const engine = connectEngine({ url, jwtSecret: secret, now });
      try {
        await engine.exchangeCapabilities();
        return 'accepted';
      } catch (error) {
        return (error as { code?: unknown }).code;
      } finally {
        await engine.close();
      }
    };

    test.each([
      ['No time drift, correct secret', 0, 'accepted'],
      ['Negative time drift, within limit, correct secret', -58, 'accepted'],
      ['Positive time drift, within limit, correct secret', 58, 'accepted'],
      ['Negative time drift, exceeding limit, correct secret', -62, 'auth_failed'],
      ['Positive time drift, exceeding limit, correct secret', 63, 'auth_failed'],
    ])('JWT Authentication: %s', async (_, skew, expected) => {
      expect(await ask(bench().subject.secret, skew)).toBe(expected);
    });

    test('JWT Authentication: No time drift, incorrect secret', async () => {
      expect(await ask(flipped(bench().subject.secret), 0)).toBe('auth_failed');
    });

    test('JWT Authentication: no token', async () => {
      expect(await ask(undefined, 0)).toBe('auth_failed');
    });
  });
}
