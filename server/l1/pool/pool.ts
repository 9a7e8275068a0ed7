import type { Clock } from '../../lib/clock.ts';
import type { BatchCommit } from '../../protocol/batch.ts';
import { type Hash, type L1BlockId, type L1BlockRef, sameBlock } from '../../protocol/refs.ts';
import {
  type ContractState,
  type ExpectedBatches,
  type L1,
  L1Error,
  type L1Heads,
  type ProviderStatus,
} from '../l1.ts';
import { badAnswer } from '../wire.ts';
import { type Agreement, agree, type Observation } from './agree.ts';
import { CommitMemory, type CommitMemoryOptions } from './commitMemory.ts';
import { type Genesis, requireSameChain } from './identity.ts';
import { Member, type ProviderReads } from './member.ts';
import { Voters } from './voters.ts';
import { Witnesses } from './witnesses.ts';

export interface PoolOptions {
  /** Providers that must show a block before it is followed: 1, or 2 where there are two. */
  readonly agree: 1 | 2;
  readonly commits: CommitMemoryOptions;
  /** Hash of the L1's block 0, where the operator named it; else the first provider's counts. */
  readonly genesisHash?: Hash | null;
  /** Milliseconds that the slower providers are waited for once enough have answered. */
  readonly graceMs?: number;
}

export interface PoolDeps {
  /** In the order of the operator's preference; at least one. */
  readonly providers: readonly ProviderReads[];
  readonly clock: Clock;
}

/** What one step is pinned to, and who has it. */
interface Pin {
  readonly block: L1BlockRef;
  /** Provider that serves the step; changes when it fails. */
  serving: Member;
  /** Known to have the block on their branch. */
  readonly supporters: Set<Member>;
}

const DEFAULT_GRACE_MS = 1_000;
/** A provider on another branch than the agreed one is told of after so long: real reorgs settle sooner. */
const DISPUTE_MS = 30_000;

type Reads = Omit<L1, 'blob' | 'onHead' | 'close'>;

/**
 * Several L1 providers as one. Each look asks all of them for their heads and pins the highest block that enough of
 * them have (agree.ts); what is read at that pin comes from one provider at a time, and goes on with another that has
 * the same block when one fails. So no two branches are ever mixed, and no provider is believed for its name: commits
 * prove themselves where the reader verifies, and what cannot prove itself is asked of a second provider.
 */
export class ProviderPool implements Reads {
  readonly #options: PoolOptions;
  readonly #clock: Clock;
  readonly #members: readonly Member[];
  readonly #voters: Voters;
  readonly #commits: CommitMemory;
  readonly #witnesses: Witnesses;
  #pin: Pin | null = null;
  #genesis: Genesis | null;

  constructor(options: PoolOptions, { providers, clock }: PoolDeps) {
    if (providers.length === 0) throw new RangeError('an L1 reader needs at least one RPC URL');
    this.#options = { ...options, agree: providers.length === 1 ? 1 : options.agree };
    this.#clock = clock;
    this.#members = providers.map((reads, id) => new Member(id, reads, clock));
    this.#voters = new Voters(this.#members, this.#options.agree, clock);
    this.#commits = new CommitMemory(options.commits);
    this.#witnesses = new Witnesses({
      need: () => (this.#pin === null ? 1 : this.#voters.need()),
      others: (but) => this.#others(but),
    });
    const given = options.genesisHash ?? null;
    this.#genesis = given === null ? null : { hash: given, by: 'the configuration' };
  }

  /** The host that serves now, fit for people. */
  get host(): string {
    return (this.#pin?.serving ?? this.#members[0]!).reads.host;
  }

  status(): readonly ProviderStatus[] {
    const now = this.#clock.now();
    const highest = this.#voters.highest();
    return this.#members.map((one) => {
      const status = one.health.status(now, highest, one === this.#pin?.serving);
      if (status.state !== 'good' || !this.#voters.standsStill(one)) return status;
      const reason = `its head stands still at block ${one.health.head?.number}, ${status.lag} behind: it has no say`;
      return { ...status, state: 'failing', reason };
    });
  }

  async chainId(signal?: AbortSignal): Promise<number> {
    return this.#serve('chainId', signal, (reads) => reads.chainId(signal));
  }

  async heads(signal?: AbortSignal): Promise<L1Heads> {
    const looked = await this.#look(signal);
    const observations = this.#voters.observations(looked);
    const need = this.#voters.need();
    const before = this.#pin?.block ?? null;
    const agreed = await agree({ observations, need, before }, (id, number) =>
      this.#members[id]!.attempt('blockByNumber', signal, (reads) =>
        reads.blockByNumber(number, signal),
      ).catch(() => undefined),
    );
    if (agreed === null) throw this.#noAgreement(looked, observations, need);
    this.#settle(agreed);
    await this.#watchProbation(looked, agreed.heads.latest, signal);
    return agreed.heads;
  }

  /** A block of the pinned branch proves itself by a link to the pinned block, or is compared with another provider's. */
  async blockByNumber(number: number, signal?: AbortSignal): Promise<L1BlockRef | null> {
    const pinned = this.#members.length > 1 ? (this.#pin?.block ?? null) : null;
    if (pinned === null)
      return this.#serve('blockByNumber', signal, (reads) => reads.blockByNumber(number, signal));
    if (number === pinned.number) return pinned;
    return this.#serve('blockByNumber', signal, async (reads, member) => {
      const block = await reads.blockByNumber(number, signal);
      if (number > pinned.number) return block;
      if (block === null) {
        throw badAnswer(
          'eth_getBlockByNumber',
          `it has block ${pinned.number} and no ${number}`,
          'unanswered',
        );
      }
      if (number === pinned.number - 1 && block.hash !== pinned.parentHash) {
        throw badAnswer(
          'eth_getBlockByNumber',
          `block ${number} is not the parent of ${pinned.number}`,
          'unlinked',
        );
      }
      if (number < pinned.number - 1) await this.#witnesses.blocks([block], member, signal);
      return block;
    });
  }

  blockByHash(hash: Hash, signal?: AbortSignal): Promise<L1BlockRef | null> {
    return this.#serve('blockByHash', signal, (reads) => reads.blockByHash(hash, signal));
  }

  async contractState(at: L1BlockId, signal?: AbortSignal): Promise<ContractState> {
    const read = (reads: ProviderReads) => reads.contractState(at, signal);
    const { value, by } = await this.#serveBy('contractState', signal, read);
    const state = await this.#witnesses.counter(value, by, at, signal);
    this.#commits.counted(state);
    return state;
  }

  batchCommits(
    from: number,
    to: number,
    pinned: L1BlockId,
    signal?: AbortSignal,
    expected?: ExpectedBatches,
    most: number = Number.POSITIVE_INFINITY,
  ): Promise<readonly BatchCommit[]> {
    return this.#serve('batchCommits', signal, async (reads, member) => {
      const commits = await reads.batchCommits(from, to, pinned, signal, expected, most);
      const end = commits.length >= most ? commits.at(-1)!.l1Block.number : to;
      this.#commits.check(commits, { from, to: end, pinned }, member);
      await this.#witnesses.blocks(blocksOf(commits), member, signal);
      this.#commits.read(commits, { from, to: end, pinned }, member);
      return commits;
    });
  }

  commitOfBatch(batchNumber: number, pinned: L1BlockId, signal?: AbortSignal): Promise<BatchCommit | null> {
    return this.#serve('commitOfBatch', signal, async (reads, member) => {
      const commit = await reads.commitOfBatch(batchNumber, pinned, signal);
      if (commit === null) this.#commits.checkNone(batchNumber, pinned);
      else await this.#witnesses.blocks([commit.l1Block], member, signal);
      return commit;
    });
  }

  /** Asks all that may be asked for their heads, and waits for the slow ones only so long. Never empty. */
  async #look(signal: AbortSignal | undefined): Promise<readonly Member[]> {
    const now = this.#clock.now();
    const alone = this.#members.length === 1;
    const asked = this.#members.filter((one) =>
      // Alone it is asked in any state but the one in which it asked us not to: there is nobody else.
      alone ? one.health.state(now) !== 'limited' : one.health.mayAsk(now),
    );
    const fresh = new Set<Member>();
    const failures: { readonly member: Member; readonly error: unknown }[] = [];
    const looks = asked.map((member) =>
      member.observe(signal, { withGenesis: !alone || this.#genesis !== null }).then(
        () => void fresh.add(member),
        (error) => void failures.push({ member, error }),
      ),
    );
    await this.#withGrace(looks, () => fresh.size >= this.#options.agree, signal);
    if (signal?.aborted) throw new L1Error('aborted', 'heads', 'the look at L1 was aborted');
    const { genesis, same } = requireSameChain(
      [...fresh],
      { need: this.#voters.need(), all: this.#members.length },
      this.#genesis,
    );
    this.#genesis = genesis;
    if (same.length > 0) return same;
    throw this.#failure(failures, now);
  }

  async #withGrace(
    looks: readonly Promise<void>[],
    enough: () => boolean,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const over = new AbortController();
    const stop = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
    const grace = Promise.any(looks.map((look) => look.then(() => (enough() ? undefined : Promise.reject()))))
      .then(() => this.#clock.sleep(this.#options.graceMs ?? DEFAULT_GRACE_MS, stop))
      .catch(() => new Promise<void>(() => {}));
    await Promise.race([Promise.all(looks), grace]);
    over.abort();
  }

  /**
   * What to say when nobody showed a head. Another chain halts the driver, so that is said only where every provider
   * serves one; a provider that is silent for a moment may be the one that is right.
   */
  #failure(failures: readonly { readonly member: Member; readonly error: unknown }[], now: number): unknown {
    const errors = failures.toSorted((a, b) => a.member.id - b.member.id).map(({ error }) => error);
    const isOtherChain = (error: unknown): boolean =>
      error instanceof L1Error && error.code === 'wrong_chain';
    const states = this.#members.map(({ health }) => health.state(now));
    if (this.#members.length === 1 || states.every((state) => state === 'wrong_chain')) {
      return errors[0] ?? this.#nobody(now);
    }
    return errors.find((error) => !isOtherChain(error)) ?? this.#nobody(now);
  }

  /** Nobody may be asked: says why, and for how long. */
  #nobody(now: number): L1Error {
    const waits = this.#members.map(({ health }) => (health.until ?? now) - now);
    const reasons = this.#members.map(({ health }) => {
      const { host, state, reason } = health.status(now, null, false);
      return `${host} is ${state} (${reason ?? 'no reason'})`;
    });
    const limited = this.#members.every(({ health }) => health.state(now) === 'limited');
    const code = limited ? 'rate_limited' : 'unreachable';
    const wait = Math.max(0, Math.min(...waits));
    return new L1Error(
      code,
      'heads',
      `no L1 provider may be asked for ${Math.ceil(wait / 1000)} s: ${reasons.join(' · ')}`,
      undefined,
      wait,
    );
  }

  #noAgreement(looked: readonly Member[], observations: readonly Observation[], need: number): L1Error {
    const shown = looked
      .map(({ reads, health }) => `${reads.host} shows block ${health.head?.number} ${health.head?.hash}`)
      .join(', ');
    const fresh = observations.filter((one) => one.fresh).length;
    return fresh < need
      ? new L1Error('unreachable', 'heads', `only ${fresh} of ${need} L1 providers answer (${shown})`)
      : new L1Error('bad_answer', 'heads', `the L1 providers share no block (${shown})`);
  }

  #settle({ heads, supporters, opponents }: Agreement): void {
    const now = this.#clock.now();
    const members = supporters.map((id) => this.#members[id]!);
    const undoubted = members.filter(({ health }) => !health.doubtful(now));
    const sticky = undoubted.find((one) => one === this.#pin?.serving);
    const serving = sticky ?? undoubted[0] ?? members[0]!;
    this.#pin = { block: heads.latest, serving, supporters: new Set(members) };
    for (const one of members) {
      one.disputedSince = null;
      one.health.confirmed(now);
    }
    if (members.length < 2 || opponents.length >= members.length) return;
    for (const one of opponents.map((id) => this.#members[id]!)) {
      one.disputedSince ??= now;
      if (now - one.disputedSince < DISPUTE_MS) continue;
      one.disputedSince = null;
      const what = `at height ${heads.latest.number} it has another block than ${members.length} others, who have ${heads.latest.hash}`;
      one.caught('branch_disputed', what, 'eth_getBlockByNumber');
    }
  }

  /** One back from the bench is believed again when what it shows lies on the branch of those who never left. */
  async #watchProbation(looked: readonly Member[], pinned: L1BlockRef, signal?: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    for (const one of looked) {
      if (one.health.state(now) !== 'probation' || one === this.#pin?.serving) continue;
      const { latest } = one.observed!;
      const number = Math.min(latest.number, pinned.number);
      const [theirs, ours] = await Promise.all([
        one.blockAt(number, signal),
        number === pinned.number ? pinned : this.blockByNumber(number, signal).catch(() => undefined),
      ]);
      if (theirs === undefined || ours === undefined) continue;
      if (sameBlock(theirs, ours)) one.health.confirmed(now);
      else
        one.caught(
          'branch_disputed',
          `block ${number} is another than that of the others`,
          'eth_getBlockByNumber',
        );
    }
  }

  async #serve<T>(
    what: string,
    signal: AbortSignal | undefined,
    read: (reads: ProviderReads, member: Member) => Promise<T>,
  ): Promise<T> {
    return (await this.#serveBy(what, signal, read)).value;
  }

  /**
   * From the provider that serves the step; from another one that has the step's block when it fails. One that says the
   * block is gone is believed when nobody else shows it either: then the step is over.
   */
  async #serveBy<T>(
    what: string,
    signal: AbortSignal | undefined,
    read: (reads: ProviderReads, member: Member) => Promise<T>,
  ): Promise<{ readonly value: T; readonly by: Member }> {
    let first: unknown = null;
    const denied: Member[] = [];
    for await (const member of this.#candidates(signal)) {
      try {
        const value = await member.attempt(what, signal, (reads) => read(reads, member));
        if (this.#pin !== null) this.#pin.serving = member;
        for (const one of denied)
          one.caught('unlinked', `it denies a block that it showed as its head`, 'eth_getBlockByNumber');
        return { value, by: member };
      } catch (error) {
        if (!(error instanceof L1Error) || error.code === 'aborted') throw error;
        if (error.code === 'not_canonical') denied.push(member);
        first ??= error;
      }
    }
    throw first ?? this.#nobody(this.#clock.now());
  }

  async *#candidates(signal: AbortSignal | undefined): AsyncGenerator<Member> {
    const pin = this.#pin;
    const now = this.#clock.now();
    if (this.#members.length === 1) {
      yield* this.#members.filter((one) => one.health.state(now) !== 'limited');
      return;
    }
    if (pin === null) {
      yield* this.#members.filter((one) => one.health.mayAsk(now));
      return;
    }
    const supporters = [pin.serving, ...pin.supporters].filter((one, at, all) => all.indexOf(one) === at);
    for (const one of supporters) {
      if (one.health.mayAsk(this.#clock.now())) yield one;
    }
    for (const one of this.#members) {
      if (supporters.includes(one) || one.health.state(this.#clock.now()) !== 'good') continue;
      const theirs = await one.blockAt(pin.block.number, signal);
      if (!sameBlock(theirs ?? null, pin.block)) continue;
      pin.supporters.add(one);
      yield one;
    }
  }

  /** Others that have the step's block and were never caught, without `but`. */
  #others(but: Member): readonly Member[] {
    if (this.#options.agree < 2 || this.#pin === null) return [];
    const now = this.#clock.now();
    return [...this.#pin.supporters].filter((one) => one !== but && one.health.mayAsk(now));
  }
}

const blocksOf = (commits: readonly BatchCommit[]): readonly L1BlockRef[] => [
  ...new Map(commits.map(({ l1Block }) => [l1Block.number, l1Block])).values(),
];
