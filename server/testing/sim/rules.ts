import type { DriverState } from '../../driver/state.ts';
import type { JournalEvent } from '../../journal/journal.ts';
import type { L1Heads } from '../../l1/l1.ts';
import type { ForkchoiceState } from '../../protocol/forkchoice.ts';
import type { Hash } from '../../protocol/refs.ts';
import { nameOf } from './gate.ts';
import type { L1Block, L1World } from './l1World.ts';
import type { L2Block, L2World } from './l2World.ts';
import type { Life } from './life.ts';
import { derive, finalOf } from './reference.ts';
import type { EnginePicture, SimEngine } from './simEngine.ts';
import type { SimJournal } from './simJournal.ts';

/** What one process has been shown and has done about it. */
export interface Knowledge {
  readonly life: Life;
  /** The newest heads that it heard. */
  shown: L1Heads | null;
  /** The L1 head that it works on. */
  adopted: L1Block | null;
  /** L1 reorgs that took back batches the engine held as safe, and are not in the journal yet. */
  readonly unrecorded: { readonly oldTip: Hash; readonly ancestor: L1Block }[];
  /** How often it lived through this L1 reorg, by `old tip/ancestor`, less how often it has recorded it. */
  readonly reorgs: Map<string, number>;
}

interface RecordFacts {
  readonly id: string;
  readonly layer: 'L1' | 'L2';
  readonly exact?: boolean;
  readonly oldTip: { readonly number: number; readonly hash: Hash };
  readonly newTip: { readonly number: number; readonly hash: Hash };
  readonly commonAncestor: { readonly number: number; readonly hash: Hash };
}

export interface RulesDeps {
  readonly l1: L1World;
  readonly l2: L2World;
  readonly engine: SimEngine;
  readonly journal: SimJournal;
  /** The journal may have written what it said it had not. */
  readonly mayDouble: boolean;
  readonly violation: (what: string) => void;
}

/**
 * The rules that hold at every moment, whatever goes wrong. They look at what reached the engine and the journal and
 * know what each process had been shown; of the driver's own state they read only which L1 head it works on.
 */
export class Rules {
  readonly #deps: RulesDeps;
  readonly #known = new Map<Life, Knowledge>();
  /** Who wrote each open record, by its reference. */
  readonly #open = new Map<string, Life>();
  /** `old tip/ancestor` of records that no process has closed, by reference: whoever reads the journal before it is lost knows of them. */
  readonly #unclosed = new Map<string, string>();
  /** Those of them that a process may remember and the journal no longer has. */
  readonly #lost = new Set<string>();
  readonly #closed = new Set<string>();
  /** Whatever the engine ever called final. */
  readonly #onceFinal = new Set<L2Block>();
  /** The highest L1 block that any process was told is final. */
  #finalizedShown = -1;

  constructor(deps: RulesDeps) {
    this.#deps = deps;
  }

  knowledgeOf(life: Life): Knowledge {
    let known = this.#known.get(life);
    if (known === undefined) {
      known = { life, shown: null, adopted: null, unrecorded: [], reorgs: new Map() };
      this.#known.set(life, known);
    }
    return known;
  }

  heard(life: Life, heads: L1Heads): void {
    this.knowledgeOf(life).shown = heads;
    this.#finalizedShown = Math.max(this.#finalizedShown, heads.finalized?.number ?? -1);
  }

  /** The driver takes another L1 head for its own: a reorg if the one before is no ancestor of it. */
  adopts(life: Life, state: DriverState): void {
    const known = this.knowledgeOf(life);
    if (state.heads === null || state.heads.latest.hash === known.adopted?.ref.hash) return;
    const { l1, l2, engine, violation } = this.#deps;
    const before = known.adopted;
    const after = l1.blocks.get(state.heads.latest.hash)!;
    known.adopted = after;
    if (before === null) return;
    const ancestor = l1.commonAncestor(before, after);
    if (ancestor === after) {
      violation(`took ${nameOf(after.ref.hash)}, an older head, for a new one`);
      return;
    }
    if (ancestor === before) return;
    const key = `${before.ref.hash}/${ancestor.ref.hash}`;
    known.reorgs.set(key, (known.reorgs.get(key) ?? 0) + 1);
    const { safe } = engine.picture;
    const lost = derive(before, l2.genesis).batches.some(
      ({ last, l1Number }) => l1Number > ancestor.ref.number && safe !== null && last.number <= safe.number,
    );
    // A branch that flips there and back before it is over is one reorg with one record, written or still to be.
    const waits = known.unrecorded.some(
      (other) => other.oldTip === before.ref.hash && other.ancestor === ancestor,
    );
    const stands = waits || [...this.#unclosed.values()].includes(key);
    if (lost && !stands && safe !== null && safe.number > 0)
      known.unrecorded.push({ oldTip: before.ref.hash, ancestor });
  }

  /** An update reached the engine: were its labels what L1 implied as the process had been shown it? */
  forkchoice(asked: ForkchoiceState, before: EnginePicture, knowledge: Knowledge, seenChanges: number): void {
    const { engine, l1, l2, violation } = this.#deps;
    const now = engine.picture;
    const { shown } = knowledge;
    if (shown === null) {
      violation('moved the engine before it had seen L1');
      return;
    }
    const head = l1.blocks.get(shown.latest.hash)!;
    const reference = derive(head, l2.genesis);
    const isEnd = (block: L2Block): boolean => reference.batches.some(({ last }) => last === block);
    const said = `${nameOf(asked.headBlockHash)} safe ${nameOf(asked.safeBlockHash)} final ${nameOf(asked.finalizedBlockHash)}`;
    const at = `at L1 ${nameOf(head.ref.hash)}: ${said}`;
    const { safe } = now;
    if (safe !== null && safe !== before.safe && safe.number > 0 && !isEnd(safe))
      violation(`wrong safe head ${at}`);
    const { finalized } = now;
    if (finalized !== null && finalized !== before.finalized) {
      const most = finalOf(reference, this.#finalizedShown);
      // A label that the engine had, lost, and is given back: what was final stays so, whatever branch is shown now.
      const givenBack = this.#onceFinal.has(finalized);
      if (!givenBack && (!isEnd(finalized) || finalized.number > most.number))
        violation(`wrong finalized head ${at}`);
      this.#onceFinal.add(finalized);
      const wentBack = before.finalized !== null && before.finalized.number > finalized.number;
      if (wentBack && engine.outsideChanges === seenChanges) violation(`the finalized head went back ${at}`);
    }
    if (engine.outsideChanges !== seenChanges) return;
    this.#holdsRecord(now, before, knowledge, at);
  }

  /** Whatever the node itself takes back, the journal says first. */
  #holdsRecord(now: EnginePicture, before: EnginePicture, knowledge: Knowledge, at: string): void {
    const { engine, violation } = this.#deps;
    const [missing] = knowledge.unrecorded;
    const lowered = before.safe !== null && (now.safe?.number ?? 0) < before.safe.number;
    const dropped = !engine.isCanonical(before.latest);
    if (!lowered && !dropped) return;
    if (missing !== undefined)
      violation(`acted on the L1 reorg of ${nameOf(missing.oldTip)} without a record ${at}`);
    if (this.#unclosed.size === 0) violation(`took blocks back without a record ${at}`);
  }

  journaled(event: JournalEvent, life: Life, told: boolean): void {
    const { ref } = event;
    if (event.kind === 'reorg.recovered' && ref !== null) {
      if (this.#closed.has(ref) && !this.#deps.mayDouble)
        this.#deps.violation(`the record ${ref} was closed twice`);
      this.#closed.add(ref);
      this.#open.delete(ref);
      // Who was not told that it is closed goes on under the record.
      if (told) this.#unclosed.delete(ref);
    }
    if (event.kind !== 'reorg.detected' || ref === null) return;
    const record = event.payload as RecordFacts;
    const key = `${record.oldTip.hash}/${record.commonAncestor.hash}`;
    this.#unclosed.set(ref, key);
    this.#open.set(ref, life);
    if (record.layer !== 'L1') return;
    const { l1, violation } = this.#deps;
    const known = this.knowledgeOf(life);
    const what = `L1 reorg of ${nameOf(record.oldTip.hash)} down to ${nameOf(record.commonAncestor.hash)}`;
    const [old, next] = [l1.blocks.get(record.oldTip.hash), l1.blocks.get(record.newTip.hash)];
    if (old === undefined || next === undefined) {
      violation(`${what} names blocks that L1 never had`);
      return;
    }
    const at = known.unrecorded.findIndex(({ oldTip }) => oldTip === record.oldTip.hash);
    if (at >= 0) known.unrecorded.splice(at, 1);
    const left = known.reorgs.get(key);
    if (left === undefined) {
      if (record.exact !== false) violation(`${what} is recorded and did not happen`);
      return;
    }
    known.reorgs.set(key, left - 1);
    // A journal that writes and then says it failed is told again.
    if (left <= 0 && !this.#deps.mayDouble) violation(`${what} is recorded twice`);
  }

  /** Whether the engine ever called this block final. */
  wasFinal(block: L2Block): boolean {
    return this.#onceFinal.has(block);
  }

  /** When all is over nothing stays open. */
  atTheEnd(): void {
    // A journal that wrote what it said it had not leaves records that nobody knows of.
    if (this.#deps.mayDouble) return;
    for (const id of this.#open.keys()) this.#deps.violation(`the record ${id} was never closed`);
  }

  /** Who wrote a record and lives remembers it; of the others nobody can know. */
  journalLost(life: Life): void {
    for (const [id, writer] of this.#open) {
      if (writer === life) this.#lost.add(id);
      else this.#open.delete(id);
    }
  }

  /** What only the process knew is gone with it. */
  processEnds(): void {
    for (const id of this.#closed) this.#unclosed.delete(id);
    for (const id of this.#lost) this.#open.delete(id);
    this.#lost.clear();
  }
}
