/** A node that follows a branching L1, as a process of its own folder that can be killed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../lib/clock.ts';
import { httpRpc } from '../sequencer/httpRpc.ts';
import type { BranchingL1 } from './branchingL1.ts';
import { type Running, startCommand } from './process.ts';

interface Ready {
  readonly engine: string;
}
interface Block {
  readonly number: string;
  readonly hash: string;
}

const PATIENCE_MS = 120_000;

export class NodeProcess {
  readonly #l1: BranchingL1;
  readonly #genesis: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly dir = mkdtempSync(join(tmpdir(), 'plumbline-node-'));
  #running: Running<Ready> | null = null;

  /** `genesis`: path of the genesis file. */
  constructor(l1: BranchingL1, genesis: string, env: Readonly<Record<string, string>> = {}) {
    this.#l1 = l1;
    this.#genesis = genesis;
    this.#env = env;
  }

  async start(): Promise<void> {
    const { anvil, config } = this.#l1.l1;
    this.#running = await startCommand<Ready>(
      ['start', '--no-ui', '--port', '0', '--engine-port', '0', '--poll-ms', '50', '--data-dir', this.dir]
        .concat(['--genesis', this.#genesis, '--l1-rpc-url', anvil.url])
        .concat(['--on-chain-proposer', config.onChainProposer, '--bridge', config.bridge!])
        .concat(['--sequencer-registry', config.sequencerRegistry!]),
      { quiet: true, env: this.#env },
    );
  }

  async kill(): Promise<void> {
    const { child } = this.#running!;
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.#running?.stop();
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  loseJournal(): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(this.dir, `journal.db${suffix}`), { force: true });
  }

  async block(tag: string): Promise<Block | null> {
    const rpc = httpRpc(this.#running!.ready.engine, { timeoutMs: 10_000 });
    return (await rpc.request('eth_getBlockByNumber', [tag, false]).catch(() => null)) as Block | null;
  }

  /** Looks until the safe head is that block. */
  async confirms(hash: string): Promise<void> {
    for (const giveUpAt = Date.now() + PATIENCE_MS; ; ) {
      const safe = await this.block('safe');
      if (safe?.hash === hash) return;
      if (Date.now() > giveUpAt) throw new Error(`gave up at safe head ${JSON.stringify(safe)}`);
      await systemClock.sleep(20);
    }
  }

  async chain(length: number): Promise<readonly (string | undefined)[]> {
    const numbers = Array.from({ length: length + 1 }, (_, number) => `0x${number.toString(16)}`);
    return (await Promise.all(numbers.map((number) => this.block(number)))).map((block) => block?.hash);
  }
}
