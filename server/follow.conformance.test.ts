import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startAnvil } from './devnet/anvil.ts';
import { deployContracts } from './devnet/deploy.ts';
import { openReplay, type Replay } from './devnet/replay.ts';
import { genesisBlock } from './devnet/runningChain.ts';
import { systemClock } from './lib/clock.ts';
import { httpRpc } from './sequencer/httpRpc.ts';
import { requiredFixture } from './testing/fixtures.ts';
import { type Running, startCommand } from './testing/process.ts';

const CLI = join(import.meta.dirname, 'cli.ts');
const ETHREX = requiredFixture('ethrex');
const expected = JSON.parse(readFileSync(join(ETHREX, 'expected.json'), 'utf8')) as Record<string, object[]>;

describe('reconstruct, offline', () => {
  it.each(Object.keys(expected))('rebuilds every recorded batch of %s to its recorded values', (set) => {
    const dir = join(ETHREX, set);
    const args = [CLI, 'reconstruct', '--genesis', join(dir, 'l2.json'), '--blobs', dir, '--json'];
    const output = execFileSync(process.execPath, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const lines = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toEqual(expected[set]);
  });
});

interface Ready {
  readonly dashboard: string | null;
  readonly engine: string;
}
interface Stats {
  readonly executedBlocks: number;
}

const SET = '2026-02-04';
const LAST = expected[SET]!.at(-1) as { lastBlock: number; lastBlockHash: string };
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of undo.reverse().splice(0)) await end();
});

/** An L1 with the contracts and the deposits, on which the test commits batches when it wants to. */
async function recordedL1() {
  const recording = await openReplay(join(ETHREX, SET));
  const genesis = await genesisBlock(recording.genesis);
  const anvil = await startAnvil({ slotsInAnEpoch: 200 });
  undo.push(() => anvil.stop());
  const addresses = await deployContracts({
    l1Url: anvil.url,
    deployerKey: anvil.accounts[0]!.privateKey,
    genesisStateRoot: genesis.stateRoot,
    l2ChainId: recording.l2ChainId,
    validium: true,
    sequencers: [anvil.accounts[1]!.address],
  });
  const replay = await recording.start({
    anvil,
    addresses,
    sequencer: anvil.accounts[1]!,
    depositor: anvil.accounts[2]!,
    source: 'calldata',
  });
  await replay.prepare();
  const dir = await mkdtemp(join(tmpdir(), 'plumbline-kill-'));
  undo.push(() => rm(dir, { recursive: true, force: true }));
  return { anvil, addresses, replay, dir };
}
type RecordedL1 = Awaited<ReturnType<typeof recordedL1>>;

function startNode({ anvil, addresses, dir }: RecordedL1): Promise<Running<Ready>> {
  return startCommand<Ready>(
    ['start', '--no-ui', '--port', '0', '--engine-port', '0', '--poll-ms', '50', '--data-dir', dir]
      .concat(['--genesis', join(ETHREX, SET, 'l2.json'), '--l1-rpc-url', anvil.url])
      .concat(['--on-chain-proposer', addresses.onChainProposer, '--bridge', addresses.bridge])
      .concat(['--sequencer-registry', addresses.sequencerRegistry]),
    { quiet: true },
  );
}

const engineOf = (node: Running<Ready>) => {
  const rpc = httpRpc(node.ready.engine, { timeoutMs: 10_000 });
  return {
    head: async (tag: 'latest' | 'safe') => {
      const block = (await rpc.request('eth_getBlockByNumber', [tag, false]).catch(() => null)) as {
        number: string;
        hash: string;
      } | null;
      return block === null ? null : { number: Number(block.number), hash: block.hash };
    },
    stats: () => rpc.request('plumbline_stats', []) as Promise<Stats>,
  };
};

/** Looks until the condition holds; fails after a minute with what it saw last. */
async function until<T>(look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  for (const giveUpAt = Date.now() + 60_000; ; ) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > giveUpAt) throw new Error(`gave up; saw last: ${JSON.stringify(seen)}`);
    await systemClock.sleep(20);
  }
}

async function killHard(node: Running<Ready>): Promise<void> {
  node.child.kill('SIGKILL');
  await new Promise((resolve) => node.child.once('exit', resolve));
}

async function commitTo(replay: Replay, batch: number): Promise<void> {
  for (let done = await replay.commitNext(); done !== null && done.batch.number < batch; ) {
    done = await replay.commitNext();
  }
}

describe('a node that is killed in the middle of following', () => {
  // Where in the run the kill falls: at which L2 block it is seen first.
  it.each([2, 5, 20, 40])(
    'at block %i, and loses its journal, ends at the recorded head and executes nothing twice',
    async (killAt) => {
      const l1 = await recordedL1();
      const first = await startNode(l1);
      const commits = commitTo(l1.replay, Number.POSITIVE_INFINITY);
      const seen = await until(
        () => engineOf(first).head('latest'),
        (head) => (head?.number ?? 0) >= killAt,
      );
      await killHard(first);
      for (const suffix of ['', '-wal', '-shm']) rmSync(join(l1.dir, `journal.db${suffix}`), { force: true });

      const second = await startNode(l1);
      undo.push(() => second.stop());
      const engine = engineOf(second);
      // What it had shown as its head before the kill is still there.
      expect((await engine.head('latest'))!.number).toBeGreaterThanOrEqual(seen!.number);
      await commits;
      const safe = await until(
        () => engine.head('safe'),
        (head) => head?.number === LAST.lastBlock,
      );
      expect(safe?.hash).toBe(LAST.lastBlockHash);
      expect((await engine.head('latest'))?.hash).toBe(LAST.lastBlockHash);
      const { executedBlocks } = await engine.stats();
      expect(executedBlocks).toBeLessThanOrEqual(LAST.lastBlock - seen!.number);
    },
  );
});
