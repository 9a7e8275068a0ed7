import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectEngine } from '../server/engine/connect.ts';
import type { Engine } from '../server/engine/engine.ts';
import { openJournal } from '../server/journal/sqlite.ts';
import { createL1 } from '../server/l1/viemL1.ts';
import { systemClock } from '../server/lib/clock.ts';
import { createNode } from '../server/node.ts';
import type { SealedBlock } from '../server/protocol/block.ts';
import { decodeBlocks } from '../server/protocol/blockCodec.ts';
import { installFastKeccak } from '../server/protocol/fastKeccak.ts';
import { ZERO_HASH } from '../server/protocol/refs.ts';
import { fixture } from '../server/testing/fixtures.ts';
import { type Running, residentMb, startCommand } from '../server/testing/process.ts';
import type { Bench, BenchRow } from './row.ts';
import { type ChainOnL1, commitChain } from './support/chainOnL1.ts';

const BLOCKS_PER_BATCH = 50;
const MAX_OVERHEAD = 1.1;
const MAX_NODE_MB = 300;
/**
 * Each is measured this often, in turn, on a fresh engine, and the middle one counts: the same loop takes a tenth more
 * or less from one engine process to the next, so that the best of each would compare two strokes of luck.
 */
const ROUNDS = 7;

interface Chain {
  readonly genesisFile: string;
  readonly blocks: readonly SealedBlock[];
}

/**
 * Catching up 3,000 recorded blocks that lie on an L1 as calldata: the whole driver (reading L1, deriving,
 * comparing, driving, journaling) against a bare loop of newPayload and forkchoiceUpdated of the same blocks into
 * the same engine, which is a process of its own in both. Then the memory of a real node, pages and all, that did it.
 */
export const driverBench: Bench = async (log) => {
  const recorded = fixture('engine-chain');
  if (recorded === null) {
    log('skipped: the recorded chain is not here (set PLUMBLINE_FIXTURES)');
    return [];
  }
  await installFastKeccak();
  const decoded = decodeBlocks(new Uint8Array(readFileSync(join(recorded, 'chain.rlp'))));
  if (!decoded.ok) throw new Error(decoded.error.detail);
  const chain: Chain = { genesisFile: join(recorded, 'genesis.json'), blocks: decoded.value };
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
  const onL1 = await withEngine(chain, dir, async (engine) => {
    const genesis = (await engine.blockByNumber(0))!;
    const { stateRoot } = JSON.parse(readFileSync(join(recorded, 'headblock.json'), 'utf8')) as {
      stateRoot: `0x${string}`;
    };
    log(`committing ${chain.blocks.length} blocks to an L1`);
    return commitChain(
      {
        chainId: await engine.chainId(),
        genesisHash: genesis.hash,
        genesisTimestamp: genesis.timestamp,
        // The contract keeps it and never reads it back for us: any value will do.
        genesisStateRoot: stateRoot,
      },
      chain.blocks,
      BLOCKS_PER_BATCH,
    );
  });
  try {
    const rounds: Times[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const times = {
        eachBlock: await withEngine(chain, dir, (engine) => bareLoop(engine, chain.blocks, 1)),
        eachBatch: await withEngine(chain, dir, (engine) => bareLoop(engine, chain.blocks, BLOCKS_PER_BATCH)),
        driver: await withEngine(chain, dir, (engine) => driven(engine, onL1, chain)),
      };
      log(`round ${round} of ${ROUNDS}, seconds: ${JSON.stringify(times)}`);
      rounds.push(times);
    }
    const middle = (kind: keyof Times): number =>
      rounds.map((times) => times[kind]).toSorted((a, b) => a - b)[ROUNDS >> 1]!;
    const seconds = {
      eachBlock: middle('eachBlock'),
      eachBatch: middle('eachBatch'),
      driver: middle('driver'),
    };
    return [...speedRows(seconds, chain.blocks.length), await memoryRow(chain, onL1, dir, log)];
  } finally {
    await onL1.anvil.stop();
    rmSync(dir, { recursive: true, force: true });
  }
};

/** Seconds for the whole chain: the bare loops by how often they update the forkchoice, and the driver. */
interface Times {
  readonly eachBlock: number;
  readonly eachBatch: number;
  readonly driver: number;
}

/** The driver updates the forkchoice once a batch, so the stricter bound is the bare loop that does the same. */
const speedRows = (seconds: Times, blocks: number): readonly BenchRow[] => {
  const bare = (what: string, time: number): BenchRow => ({
    name: `catch-up of ${blocks} blocks, bare engine loop, forkchoice ${what}`,
    value: blocks / time,
    unit: 'blocks/s',
    ratio: null,
    bound: 'a bound for the driver',
    ok: true,
  });
  const overhead = (what: string, time: number): BenchRow => ({
    name: `catch-up of ${blocks} blocks, driver: time over the bare loop, forkchoice ${what}`,
    value: blocks / seconds.driver,
    unit: 'blocks/s',
    ratio: seconds.driver / time,
    bound: `≤ ${MAX_OVERHEAD}`,
    ok: seconds.driver / time <= MAX_OVERHEAD,
  });
  return [
    bare('each block', seconds.eachBlock),
    overhead('each block', seconds.eachBlock),
    bare('each batch', seconds.eachBatch),
    overhead('each batch', seconds.eachBatch),
  ];
};

/** A fresh engine in a process of its own, in memory. */
async function withEngine<T>(chain: Chain, dir: string, use: (engine: Engine) => Promise<T>): Promise<T> {
  const { running, secret } = await engineProcess(chain, dir);
  const engine = connectEngine({ url: running.ready.url, jwtSecret: secret });
  try {
    return await use(engine);
  } finally {
    await engine.close();
    await running.stop();
  }
}

async function engineProcess(
  chain: Chain,
  dir: string,
): Promise<{ running: Running<{ url: string }>; secret: Uint8Array; secretFile: string }> {
  const secret = new Uint8Array(randomBytes(32));
  const secretFile = join(dir, 'jwt.hex');
  writeFileSync(secretFile, Buffer.from(secret).toString('hex'), { mode: 0o600 });
  const args = [
    'engine',
    '--plain',
    '--port',
    '0',
    '--genesis',
    chain.genesisFile,
    '--jwt-secret-file',
    secretFile,
  ];
  return { running: await startCommand<{ url: string }>(args), secret, secretFile };
}

/** newPayload for each block, and a forkchoice update every `stride` blocks. Seconds. */
export async function bareLoop(
  engine: Engine,
  blocks: readonly SealedBlock[],
  stride: number,
): Promise<number> {
  const start = performance.now();
  for (const [index, block] of blocks.entries()) {
    const status = await engine.newPayload(block);
    if (status.status !== 'VALID') throw new Error(`block ${block.number}: ${JSON.stringify(status)}`);
    if ((index + 1) % stride !== 0 && index + 1 < blocks.length) continue;
    const state = { headBlockHash: block.hash, safeBlockHash: block.hash, finalizedBlockHash: ZERO_HASH };
    await engine.forkchoiceUpdated(state, null);
  }
  return (performance.now() - start) / 1000;
}

async function driven(engine: Engine, { anvil, config }: ChainOnL1, chain: Chain): Promise<number> {
  const node = createNode(
    {
      name: 'bench',
      mode: 'drive',
      software: 'bench',
      config,
      l1Host: new URL(anvil.url).host,
      pollIntervalMs: 1_000,
      ourSequencer: null,
    },
    {
      l1: createL1({ rpcUrls: [anvil.url], config }),
      engine,
      journal: await openJournal({
        file: join(mkdtempSync(join(tmpdir(), 'plumbline-bench-')), 'journal.db'),
        clock: systemClock,
      }),
      clock: systemClock,
      onError: (error) => {
        throw error;
      },
    },
  );
  const start = performance.now();
  while ((await node.step()) === 'again') {
    const { trouble } = node.driver.state;
    if (trouble !== null) throw new Error(`the driver met trouble: ${trouble.message}`);
  }
  const seconds = (performance.now() - start) / 1000;
  const safe = (await engine.labels()).safe;
  await node.stop();
  if (safe?.hash !== chain.blocks.at(-1)!.hash) throw new Error('the driver stopped short of the head');
  return seconds;
}

/** The real program with its pages, against an engine in another process, after it caught up. */
async function memoryRow(
  chain: Chain,
  { anvil, config }: ChainOnL1,
  dir: string,
  log: (line: string) => void,
): Promise<BenchRow> {
  log('a real node with its pages catches up');
  const { running, secretFile } = await engineProcess(chain, dir);
  const node = await startCommand<{ dashboard: string }>(
    [
      'start',
      '--port',
      '0',
      '--genesis',
      chain.genesisFile,
      '--engine-url',
      running.ready.url,
      '--jwt-secret-file',
      secretFile,
    ]
      .concat(['--l1-rpc-url', anvil.url, '--on-chain-proposer', config.onChainProposer])
      .concat(['--data-dir', join(dir, 'node'), '--l1-start-block', String(config.l1StartBlock)]),
  );
  const wanted = chain.blocks.at(-1)!.hash;
  const giveUpAt = Date.now() + 300_000;
  let safe: string | undefined;
  while (safe !== wanted) {
    if (Date.now() > giveUpAt) throw new Error(`the node stopped short of ${wanted}`);
    await systemClock.sleep(250);
    const answer = await fetch(`${node.ready.dashboard}/api/v1/status`).catch(() => null);
    const status = (await answer?.json().catch(() => null)) as { heads?: { safe?: { hash: string } } } | null;
    safe = status?.heads?.safe?.hash;
  }
  const mb = residentMb(node.child.pid!);
  await node.stop();
  await running.stop();
  return {
    name: 'resident memory of the node and its pages, without its engine, after that catch-up',
    value: mb,
    unit: 'MB',
    ratio: null,
    bound: `< ${MAX_NODE_MB} MB`,
    ok: mb < MAX_NODE_MB,
  };
}
