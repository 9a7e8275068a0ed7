import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../lib/clock.ts';
import type { Clock } from '../../lib/time.ts';
import type { Address, Hash } from '../../protocol/refs.ts';
import { seeded } from '../../testing/seeded.ts';
import { Fence } from './fence.ts';
import type { FenceStore } from './fenceStore.ts';
import { openSqliteFence } from './sqliteFenceStore.ts';

const SEQUENCER: Address = '0x00000000000000000000000000000000000000c1';
const LEASE_MS = 1_000;
const SCHEDULES = 200;
const STEPS = 60;

/** What was done to the outside world, and whether it ever contradicted itself. */
class Outside {
  readonly violations: string[] = [];
  acts = 0;
  highestTerm = 0;
  /** The L1 rule: batch k is taken after batch k - 1. Its last block is then committed. */
  committedBatch = 0;
  committedBlock = 0;
  readonly #current = new Map<string, Hash>();
  readonly #void = new Set<string>();

  act(who: string, term: number, kind: string, number: number, hash: Hash): void {
    this.acts++;
    const place = `${kind} ${number}`;
    if (term < this.highestTerm) {
      this.violations.push(`${who} acted in term ${term} after an act of term ${this.highestTerm}`);
    }
    this.highestTerm = Math.max(this.highestTerm, term);
    const before = this.#current.get(place);
    if (before !== undefined && before !== hash) this.violations.push(`${place} has ${before} and ${hash}`);
    if (this.#void.has(hash)) this.violations.push(`${place} ${hash} was superseded`);
    this.#current.set(place, hash);
  }

  superseded(kind: string, number: number, hash: Hash): void {
    this.#current.delete(`${kind} ${number}`);
    this.#void.add(hash);
  }
}

/** One life of a process: everything it waits for passes `gate`, where it can be stopped for a while or for ever. */
class Life {
  readonly name: string;
  readonly fence: Fence;
  readonly #clock: ManualClock;
  readonly #outside: Outside;
  readonly #random: () => number;
  /** Of its wall clock. */
  jumpMs = 0;
  dead = false;
  cutOff = false;
  #pausedUntil = 0;
  #head = 0;
  #term = 0;
  #made = 0;

  constructor(
    name: string,
    world: { clock: ManualClock; store: FenceStore; outside: Outside; random: () => number },
  ) {
    this.name = name;
    this.#clock = world.clock;
    this.#outside = world.outside;
    this.#random = world.random;
    const clock: Clock = {
      now: () => world.clock.now() + this.jumpMs,
      sleep: async (ms, signal) => {
        await world.clock.sleep(ms, signal);
        await this.#gate();
      },
    };
    const opts = { chainId: 1, sequencer: SEQUENCER, holder: name, leaseMs: LEASE_MS };
    this.fence = new Fence(opts, {
      store: this.#far(world.store),
      clock,
      steady: () => world.clock.now(),
      random: world.random,
      journal: { append: async (kind, payload) => ({ seq: 0, at: 0, kind, ref: null, payload }) },
    });
  }

  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + ms);
  }

  async live(): Promise<void> {
    this.fence.start();
    for (;;) {
      await this.#clock.sleep(20 + this.#random() * 150);
      await this.#gate();
      if (!this.fence.mayProduce()) continue;
      await this.#produce().catch((error: { code?: unknown }) => {
        if (typeof error.code !== 'string') throw error;
      });
    }
  }

  async #produce(): Promise<void> {
    const { term } = this.fence.status();
    if (term !== this.#term) {
      // A new tenure begins where L1 ends, as the sequencer does when it enters its state.
      await this.#supersede('taking over');
      this.#head = this.#outside.committedBlock;
      this.#term = term ?? 0;
    }
    // Now and then it forgets that it made its head, as a process does that starts again from an old copy.
    const forgets = this.#random() < 0.1 && this.#head > this.#outside.committedBlock;
    const number = forgets ? this.#head : this.#head + 1;
    const hash = this.#newHash();
    await this.fence.claimBlock({ number, hash }).catch(async (error: { code?: unknown }) => {
      if (error.code === 'claimed_otherwise') await this.#supersede('never became the head');
      throw error;
    });
    await this.#clock.sleep(this.#random() * 30);
    await this.#gate();
    // A term can only have changed if the fence let go meanwhile, which the real caller sees as well.
    if (this.fence.status().term !== term) return;
    this.fence.assertMayAct();
    this.#outside.act(this.name, term ?? 0, 'block', number, hash);
    this.#head = number;
    if (this.#random() < 0.3) await this.#commit(term ?? 0);
  }

  async #commit(term: number): Promise<void> {
    const [batch, upTo, hash] = [this.#outside.committedBatch + 1, this.#head, this.#newHash()];
    await this.fence.claimBatch(batch, hash).catch(async (error: { code?: unknown }) => {
      if (error.code === 'claimed_otherwise') {
        await this.fence.supersedeBatch(batch, this.#evidence(this.#outside.committedBatch, 'not landed'));
      }
      throw error;
    });
    await this.#clock.sleep(this.#random() * 30);
    await this.#gate();
    if (this.fence.status().term !== term) return;
    this.fence.assertMayAct();
    this.#outside.act(this.name, term, 'batch', batch, hash);
    if (this.#outside.committedBatch !== batch - 1) return;
    this.#outside.committedBatch = batch;
    this.#outside.committedBlock = upTo;
  }

  #supersede(why: string): Promise<void> {
    const above = Math.max(this.#head, this.#outside.committedBlock);
    const from = why === 'taking over' ? this.#outside.committedBlock : above;
    return this.fence.supersedeBlocksAbove(from, this.#evidence(this.#outside.committedBlock, why));
  }

  #evidence(l1Has: number, why: string) {
    return { becauseL1Block: { number: 1, hash: this.#newHash() }, l1Has, why };
  }

  #newHash(): Hash {
    const own = [...this.name].map((char) => char.charCodeAt(0).toString(16)).join('');
    return `0x${own}${(++this.#made).toString(16).padStart(64 - own.length, '0')}`;
  }

  async #gate(): Promise<void> {
    if (this.dead) await new Promise(() => {});
    while (this.#pausedUntil > this.#clock.now()) {
      await this.#clock.sleep(this.#pausedUntil - this.#clock.now());
      if (this.dead) await new Promise(() => {});
    }
  }

  /** The store over a network: slow, and cut off before or after the store did what was asked. */
  #far(store: FenceStore): FenceStore {
    return new Proxy(store, {
      get:
        (target, name: keyof FenceStore) =>
        async (...args: unknown[]) => {
          await this.#clock.sleep(this.#random() * 10);
          await this.#gate();
          if (this.cutOff && this.#random() < 0.7) throw new Error('the request is lost');
          const answer = await (target[name] as (...all: unknown[]) => Promise<unknown>)(...args);
          if (name === 'supersede') this.#noteSuperseded(answer);
          await this.#clock.sleep(this.#random() * 10);
          await this.#gate();
          if (this.cutOff) throw new Error('the answer is lost');
          return answer;
        },
    });
  }

  #noteSuperseded(answer: unknown): void {
    const { superseded = [] } = answer as { superseded?: { kind: string; number: number; hash: Hash }[] };
    for (const { kind, number, hash } of superseded) this.#outside.superseded(kind, number, hash);
  }
}

async function run(seed: number): Promise<Outside> {
  const random = seeded(seed);
  const clock = new ManualClock(1_000_000);
  const store = openSqliteFence({ file: null }, { now: () => clock.now() });
  const outside = new Outside();
  let lives = 0;
  const start = (): Life => {
    const life = new Life(`p${++lives}`, { clock, store, outside, random });
    void life
      .live()
      .catch((error: unknown) => outside.violations.push(`${life.name} ended: ${String(error)}`));
    return life;
  };
  const processes = [start(), start()];
  for (let step = 0; step < STEPS; step++) {
    await clock.advance(50 + random() * 500);
    const index = random() < 0.5 ? 0 : 1;
    const life = processes[index]!;
    const what = random();
    if (what < 0.35) life.pause(random() * 3 * LEASE_MS);
    else if (what < 0.5) life.jumpMs += (random() - 0.5) * 7_200_000;
    else if (what < 0.7) life.cutOff = !life.cutOff;
    else if (what < 0.8) {
      life.dead = true;
      processes[index] = start();
    }
  }
  for (const life of processes) life.dead = true;
  return outside;
}

describe('two processes with one key', () => {
  it(`never produce at once and never give one number two contents: ${SCHEDULES} schedules of pause, cut, kill and clock jump`, async () => {
    const first = Number(process.env['PLUMBLINE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`seeds ${first} to ${first + SCHEDULES - 1}`);
    let [acts, terms] = [0, 0];
    for (let seed = first; seed < first + SCHEDULES; seed++) {
      const outside = await run(seed);
      expect({ seed, violations: outside.violations }).toEqual({ seed, violations: [] });
      acts += outside.acts;
      terms += outside.highestTerm;
    }
    // A fence that lets nobody produce, or never changes hands, would pass the rest.
    expect(acts).toBeGreaterThan(SCHEDULES * 20);
    expect(terms).toBeGreaterThan(SCHEDULES * 3);
    console.log(`${acts} acts in ${terms} terms`);
  }, 120_000);

  it('the same seed gives the same run', async () => {
    const [one, two] = [await run(7), await run(7)];
    expect([two.acts, two.highestTerm, two.committedBlock]).toEqual([
      one.acts,
      one.highestTerm,
      one.committedBlock,
    ]);
  });
});
