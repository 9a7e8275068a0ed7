/** An engine under test beside one that makes its blocks, and the calls that every case of the engine suite makes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectEngine } from '../engine/connect.ts';
import { openTestEngine, type TestEngine, toHead } from '../engine/embedded/testChain.ts';
import type { Engine } from '../engine/engine.ts';
import { suiteGenesis } from '../engine/suiteGenesis.ts';
import type { SealedBlock } from '../protocol/block.ts';
import { type Hash, ZERO_HASH } from '../protocol/refs.ts';
import { type SchemaProxy, startSchemaProxy } from './schemaProxy.ts';

export interface EngineSubject {
  readonly url: string;
  readonly secret: Uint8Array;
  close(): Promise<void>;
}

/** Where engines differ and both are within the specification, or where one is known not to be. */
export interface EngineTraits {
  /** How many blocks a forkchoice update may take the head back to an ancestor; deeper is -38006. Null: any. */
  readonly rewindLimit: number | null;
  /** What an update to an ancestor of the finalized block does (paris.md allows to skip it). */
  readonly belowFinalized: 'skipped' | 'done';
  /** False: the head has moved before a bad safe or finalized hash is answered with -38002 (paris.md wants neither). */
  readonly atomicForkchoice: boolean;
  /** Answer to a zero head hash. */
  readonly zeroHead: 'INVALID' | 'invalid_forkchoice_state';
  /** Milliseconds the engine needs until a payload holds what its pool offers. */
  readonly buildMs: number;
}

export interface EngineBench {
  /** The engine under test. */
  readonly engine: Engine;
  /** The embedded engine makes the blocks, so that what is tested judges blocks that it did not make. */
  readonly maker: TestEngine;
  readonly subject: EngineSubject;
  readonly genesis: SealedBlock;
}

/** The hash of no block. */
export const UNKNOWN_HASH: Hash = `0x${'77'.repeat(32)}`;

/** Starts an engine on a genesis in geth's format, empty. */
export type OpenEngine = (genesis: unknown) => Promise<EngineSubject>;

/** One engine for a group of cases: each case grows a branch of its own from the genesis. */
export function group(title: string, open: OpenEngine, cases: (bench: () => EngineBench) => void): void {
  describe(title, () => {
    let bench: EngineBench;
    let proxy: SchemaProxy;
    beforeAll(async () => {
      const genesis = suiteGenesis();
      const subject = await open(genesis);
      proxy = await startSchemaProxy(subject.url);
      const engine = connectEngine({ url: proxy.url, jwtSecret: subject.secret });
      await engine.exchangeCapabilities();
      const maker = await openTestEngine({ genesis, l2Rules: false });
      bench = { engine, maker, subject, genesis: maker.genesis };
    });
    afterAll(async () => {
      await bench?.engine.close();
      await bench?.maker.close();
      await proxy?.close();
      await bench?.subject.close();
    });
    cases(() => bench);
    test('every request and answer of these cases is as the OpenRPC description has it', () => {
      expect(proxy.methods.size).toBeGreaterThan(0);
      expect([...proxy.problems]).toEqual([]);
    });
  });
}

export const headOf = async (engine: Engine): Promise<Hash> => (await engine.labels()).latest.hash;

export async function give(engine: Engine, blocks: readonly SealedBlock[]): Promise<void> {
  for (const block of blocks) {
    expect(await engine.newPayload(block)).toEqual({ status: 'VALID', latestValidHash: block.hash });
  }
}

export async function moveTo(
  engine: Engine,
  block: SealedBlock,
  safe = ZERO_HASH,
  final = ZERO_HASH,
): Promise<void> {
  const { payloadStatus } = await engine.forkchoiceUpdated(toHead(block.hash, safe, final), null);
  expect(payloadStatus).toEqual({ status: 'VALID', latestValidHash: block.hash });
}
