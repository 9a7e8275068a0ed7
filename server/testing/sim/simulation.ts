import type { JournalEvent } from '../../journal/journal.ts';
import { simDerivation } from './derivation.ts';
import { Dice } from './dice.ts';
import { EnginePort } from './enginePort.ts';
import { type Caller, Gate } from './gate.ts';
import { L1World } from './l1World.ts';
import { L2World } from './l2World.ts';
import { Life } from './life.ts';
import type { Fault, Profile } from './profile.ts';
import { type Knowledge, Rules } from './rules.ts';
import { SimEngine } from './simEngine.ts';
import { SimJournal } from './simJournal.ts';
import { SimL1 } from './simL1.ts';
import { VirtualTime } from './virtualTime.ts';

/** Milliseconds that one call takes at most when nothing is wrong with it. */
const CALL_MS = 30;

export interface SimulationOptions {
  readonly profile: Profile;
  readonly seed: number;
  /** Called with each line of the log; a line costs nothing where nobody listens. */
  readonly log?: (line: string) => void;
}

/** The whole simulated world of one schedule, and the node that lives in it. What happens in it is for others to say. */
export class Simulation {
  readonly profile: Profile;
  readonly time = new VirtualTime();
  readonly l2 = new L2World();
  readonly l1World: L1World;
  readonly l1: SimL1;
  readonly engine: SimEngine;
  readonly journal: SimJournal;
  readonly rules: Rules;
  readonly gate: Gate;
  readonly violations: string[] = [];
  life: Life;
  /** False once the faults have stopped. */
  faulty = true;
  /** Calls that were let go on. */
  moves = 0;
  #lives = 0;
  readonly #log: ((line: string) => void) | null;

  constructor({ profile, seed, log }: SimulationOptions) {
    this.profile = profile;
    this.#log = log ?? null;
    this.l1World = new L1World(profile, this.l2);
    this.engine = new SimEngine(profile, this.l2);
    this.gate = new Gate((line) => this.say(line));
    const parts = { gate: this.gate, happens: this.#happens, pass: (ms: number) => this.time.pass(ms) };
    this.l1 = new SimL1({
      ...parts,
      world: this.l1World,
      profile,
      onHeads: (caller, heads) => this.rules.heard(caller as Life, heads),
    });
    this.journal = new SimJournal({ ...parts, now: () => this.time.now, onEvent: this.#onEvent });
    this.rules = new Rules({
      l1: this.l1World,
      l2: this.l2,
      engine: this.engine,
      journal: this.journal,
      mayDouble: profile.faults.journal_fails_after > 0,
      violation: (what) => this.violation(what),
    });
    const dice = new Dice(seed ^ 0x5eed);
    for (let i = 0; i < profile.l1Length; i++) this.l1World.mine(dice, i === 0);
    this.life = this.#born();
  }

  say(line: () => string): void {
    this.#log?.(`${((this.time.now - 1_700_000_000_000) / 1000).toFixed(3)} ${line()}`);
  }

  violation(what: string): void {
    this.violations.push(what);
    this.say(() => `VIOLATION ${what}`);
  }

  /** Starts another process after the last one has ended. */
  restart(): void {
    this.rules.processEnds();
    this.life = this.#born();
  }

  kill(dice: Dice): void {
    this.life.kill();
    this.gate.forget(this.life, dice);
  }

  /** Lets one call go on, or, when none waits, time pass until somebody wakes. */
  async move(dice: Dice): Promise<void> {
    this.moves += 1;
    if (this.gate.waiting > 0) {
      this.gate.advance(dice);
      this.time.pass(this.faulty ? dice.int(CALL_MS) : 1);
    } else {
      const due = this.time.nextDue;
      if (due !== null) this.time.pass(due - this.time.now);
    }
    await settled();
    this.#watchEnd();
  }

  /** A process that came to its end by itself has halted; that is right only where L1 broke its word. */
  #watchEnd(): void {
    const { life } = this;
    if (!life.ended || life.dead) return;
    if (life.driver.state.phase !== 'halted' || this.l1World.crossedFinality) return;
    this.violation(`halted without cause: ${life.driver.state.trouble?.message ?? 'no reason'}`);
    life.kill();
  }

  #born(): Life {
    this.#lives += 1;
    const life: Life = new Life(`p${this.#lives}`, {
      l1: (caller) => this.l1.portOf(caller),
      engine: (caller) =>
        new EnginePort(caller, {
          engine: this.engine,
          gate: this.gate,
          happens: this.#happens,
          pass: (ms) => this.time.pass(ms),
          knowledge: (who) => this.rules.knowledgeOf(who as Life),
          onForkchoice: (asked, before, knowledge, changes) =>
            this.rules.forkchoice(asked, before, knowledge as Knowledge, changes),
        }),
      journal: (caller) => this.journal.portOf(caller),
      derivation: simDerivation(this.l2),
      genesis: this.l2.genesis,
      time: this.time,
      onState: (who, state) => this.rules.adopts(who, state),
      onBug: (error) => this.violation(`the driver threw: ${String((error as Error)?.stack ?? error)}`),
    });
    life.start();
    return life;
  }

  readonly #happens = (fault: Fault, dice: Dice): boolean => {
    if (!this.faulty || !dice.chance(this.profile.faults[fault])) return false;
    this.say(() => `    fault ${fault}`);
    return true;
  };

  readonly #onEvent = (event: JournalEvent, caller: Caller, told: boolean): void => {
    this.say(() => `    journal ${event.seq} ${event.kind} ${event.ref ?? ''}`);
    this.rules.journaled(event, caller as Life, told);
  };
}

/** Resolves when every promise that could go on has: a tick comes only after the last of them. */
const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
