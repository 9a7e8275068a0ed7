import { runSearch, searchLastMatch } from '../lib/search.ts';
import { msLeft } from '../lib/wait.ts';
import type { Hash } from '../protocol/refs.ts';
import { listBlocks, messageOf } from './dropped.ts';
import type { DriverMemory } from './memory.ts';
import { isOpen, withFate } from './plan/fate.ts';
import { foldReorgs } from './plan/foldReorgs.ts';
import {
  blockId,
  type DroppedTransaction,
  headsOf,
  type ReorgChange,
  type ReorgRecord,
} from './plan/reorgRecord.ts';
import type { DriverJournal, EngineReads } from './ports.ts';

/** How many reorgs the published state carries, and how many may be open at once. The journal has them all. */
const KEEP_REORGS = 50;
/** Journal rows read at a start, to find what the last process left open. */
const RESUME_ROWS = 200;
/** How often, and for how long, a reorg that is over is looked at for what became of it. Milliseconds. */
const FOLLOW_EVERY_MS = 5_000;
const FOLLOW_FOR_MS = 3_600_000;
const PLACES_AT_ONCE = 16;
/** Reorgs that are over and still looked at: the newest. */
const FOLLOWED = 8;
const NOT_LOOKED_UP = 'not looked up: ';
const OVERTAKEN = `${NOT_LOOKED_UP}too many reorgs followed before this one was over`;

export interface ReorgBookDeps {
  readonly memory: DriverMemory;
  readonly journal: DriverJournal;
  readonly engine: EngineReads;
}

/**
 * The records of reorgs: each journaled before it is acted on, once however often acting on it fails, and closed by a
 * second event. A process that died in between left its record open in the journal, and the next takes it up.
 */
export class ReorgBook {
  readonly #memory: DriverMemory;
  readonly #journal: DriverJournal;
  readonly #engine: EngineReads;
  #followedAt = 0;

  constructor({ memory, journal, engine }: ReorgBookDeps) {
    this.#memory = memory;
    this.#journal = journal;
    this.#engine = engine;
  }

  get #records(): readonly ReorgRecord[] {
    return this.#memory.state.reorgs;
  }

  get open(): readonly ReorgRecord[] {
    return this.#records.filter((record) => record.recoveredAt === null);
  }

  /** Whether the reorg that leaves this tip at this ancestor has an open record already. */
  knows(layer: ReorgRecord['layer'], oldTip: { hash: Hash }, ancestor: { hash: Hash }): boolean {
    return this.open.some(
      (record) =>
        record.layer === layer &&
        record.oldTip.hash === oldTip.hash &&
        record.commonAncestor.hash === ancestor.hash,
    );
  }

  /** To be awaited before anything is done about the reorg. */
  async record(record: ReorgRecord): Promise<void> {
    if (this.knows(record.layer, record.oldTip, record.commonAncestor)) return;
    await this.#makeRoom();
    await this.#journal.append('reorg.detected', record, record.id);
    this.#memory.publish({ reorgs: bounded([...this.#records, record]) });
  }

  /** With as many open as may be, the oldest ends in the newer ones: it is closed, for nobody would later. */
  async #makeRoom(): Promise<void> {
    const { open } = this;
    for (const record of open.slice(0, Math.max(0, open.length - KEEP_REORGS + 1))) {
      await this.#close(record, { transactionsNote: OVERTAKEN });
    }
  }

  async #close(record: ReorgRecord, outcome: ReorgChange): Promise<void> {
    const change = { ...outcome, recoveredAt: this.#memory.now() };
    await this.#journal.append('reorg.recovered', { id: record.id, ...change }, record.id);
    this.#replace(record, change);
  }

  /**
   * What the last process left in the journal. A journal that cannot be read costs history and nothing else; answers
   * false then, to be asked again.
   */
  async resume(): Promise<boolean> {
    const kinds = ['reorg.detected', 'reorg.updated', 'reorg.recovered'];
    const rows = await this.#journal.list({ kinds, limit: RESUME_ROWS }).catch(() => null);
    if (rows === null) return false;
    const own = new Set(this.#records.map(({ id }) => id));
    const found = foldReorgs([...rows].reverse()).filter(({ id }) => !own.has(id));
    if (found.length > 0) this.#memory.publish({ reorgs: bounded([...found, ...this.#records]) });
    return true;
  }

  /** In plumb again with all that L1 offers: every open reorg is over. */
  async closeAll(signal: AbortSignal): Promise<void> {
    for (const record of this.open) await this.#close(record, await this.#outcome(record, signal));
  }

  /** Looks again, now and then, at reorgs that are over: is the old height reached, where are the transactions? */
  async followUp(signal: AbortSignal): Promise<void> {
    const now = this.#memory.now();
    const waiting = this.#records.filter(
      (record) =>
        record.recoveredAt !== null &&
        now - record.detectedAt < FOLLOW_FOR_MS &&
        (record.regainedAt === null || record.transactions.some(isOpen)),
    );
    if (waiting.length === 0 || msLeft(this.#followedAt + FOLLOW_EVERY_MS, FOLLOW_EVERY_MS, now) > 0) return;
    this.#followedAt = now;
    for (const record of waiting.slice(-FOLLOWED)) {
      const change = await this.#outcome(record, signal);
      const regained = record.regainedAt === null && change.regainedAt !== null;
      const moved = fatesOf(change.transactions) !== fatesOf(record.transactions);
      if (!regained && !moved) continue;
      await this.#journal.append('reorg.updated', { id: record.id, ...change }, record.id);
      this.#replace(record, change);
    }
  }

  #replace(record: ReorgRecord, change: ReorgChange): void {
    this.#memory.publish({
      reorgs: this.#records.map((other) => (other.id === record.id ? { ...other, ...change } : other)),
    });
  }

  /** What can be told of it now. An engine that does not answer leaves its part as it was. */
  async #outcome(record: ReorgRecord, signal: AbortSignal): Promise<ReorgChange> {
    const { heads, labels, contracts } = this.#memory.state;
    const before = record.heads.before;
    const told = {
      heads: { before, after: record.heads.after ?? headsOf(heads?.latest ?? null, labels) },
      leader: { before: record.leader.before, after: record.leader.after ?? contracts?.leader ?? null },
      ...(record.layer === 'L2' && labels !== null && record.recoveredAt === null
        ? { newTip: blockId(labels.latest) }
        : {}),
    };
    try {
      const branch = await this.#branch(record, signal);
      const gone = branch.droppedL2Count ?? record.droppedL2Count;
      const height = before.unsafe?.number ?? 0;
      const high = labels !== null && labels.latest.number >= height;
      // An engine that keeps its old head is as high as before, but not on the new branch.
      const moved = gone === 0 || labels?.latest.hash !== before.unsafe?.hash;
      const regainedAt = record.regainedAt ?? (high && moved ? this.#memory.now() : null);
      const { transactionsNote: note } = record;
      const transactionsNote = note?.startsWith(NOT_LOOKED_UP) === true ? null : note;
      return { ...told, ...branch, regainedAt, transactionsNote, ...(await this.#places(record, signal)) };
    } catch (error) {
      if (signal.aborted) throw error;
      return { ...told, transactionsNote: `${NOT_LOOKED_UP}${messageOf(error)}` };
    }
  }

  /** Which of the blocks in question really went, and what stands in their place. */
  async #branch(record: ReorgRecord, signal: AbortSignal): Promise<ReorgChange> {
    const { l2Ancestor, droppedL2 } = record;
    const { labels } = this.#memory.state;
    if (l2Ancestor === null || labels === null) return {};
    const stays = await runSearch(searchLastMatch(0, droppedL2.length - 1), async (index) => {
      const block = droppedL2[index]!;
      return (await this.#engine.blockByNumber(block.number, signal))?.hash === block.hash;
    });
    const kept = stays === null ? 0 : stays + 1;
    const parting = kept === 0 ? l2Ancestor : droppedL2[kept - 1]!;
    const gone = droppedL2.slice(kept);
    const keptCount = parting.number - l2Ancestor.number;
    const top = Math.min(labels.latest.number, (record.heads.before.unsafe?.number ?? 0) + 1);
    const adopts = gone.length > 0 && top > parting.number;
    return {
      droppedL2: gone,
      droppedL2Count: record.droppedL2Count - keptCount,
      ...(kept === 0 ? {} : { l2Ancestor: blockId(parting) }),
      adoptedL2: adopts ? await listBlocks(this.#engine, parting.number, top, signal) : [],
      adoptedL2Count: adopts ? top - parting.number : 0,
    };
  }

  /** A fate that was settled when the reorg was over is not asked for again. */
  async #places({ transactions, recoveredAt }: ReorgRecord, signal: AbortSignal): Promise<ReorgChange> {
    if (transactions.length === 0) return {};
    if (this.#engine.placeOfTransaction === undefined)
      return { transactionsNote: 'this engine is not asked where a transaction is' };
    const told: DroppedTransaction[] = [];
    for (let from = 0; from < transactions.length; from += PLACES_AT_ONCE) {
      const some = transactions.slice(from, from + PLACES_AT_ONCE);
      const ask = (transaction: DroppedTransaction) =>
        recoveredAt === null || isOpen(transaction) ? this.#fate(transaction, signal) : transaction;
      told.push(...(await Promise.all(some.map(ask))));
    }
    return { transactions: told };
  }

  async #fate(transaction: DroppedTransaction, signal: AbortSignal): Promise<DroppedTransaction> {
    const { hash, from, nonce } = transaction;
    const place = await this.#engine.placeOfTransaction?.({ hash, from, nonce }, signal);
    return withFate(transaction, place ?? { kind: 'not_known' });
  }
}

/** The oldest that are over go first; one that is open is kept until somebody closed it. */
function bounded(records: readonly ReorgRecord[]): readonly ReorgRecord[] {
  const over = records.filter(({ recoveredAt }) => recoveredAt !== null);
  const gone = new Set(over.slice(0, Math.max(0, records.length - KEEP_REORGS)));
  return records.filter((record) => !gone.has(record));
}

const fatesOf = (transactions: readonly DroppedTransaction[] | undefined): string =>
  (transactions ?? []).map(({ fate, newBlock }) => `${fate}${newBlock?.hash ?? ''}`).join();
