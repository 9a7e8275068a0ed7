/** What the verbs do. Each may be said twice: the second time it answers that it is so already. */
import { assertNever } from '../../lib/assertNever.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Address } from '../../protocol/refs.ts';
import { httpRpc } from '../../sequencer/httpRpc.ts';
import { type Fleet, type FleetNode, stateInWords } from '../fleet/fleet.ts';
import { ChaosError } from './chaosError.ts';
import type { Forger } from './forger.ts';
import type { L1Chaos } from './l1Chaos.ts';
import { type CommitRule, NO_FAULTS, type ProxyRules } from './rpcProxy.ts';
import type { ChaosAnswer, ChaosCommand } from './verbTable.ts';

export interface ChaosDeps {
  readonly fleet: Fleet;
  readonly l1: L1Chaos;
  readonly forger: Forger;
  readonly clock: Clock;
}

const RPC_TIMEOUT_MS = 10_000;
const short = (hash: string): string => `${hash.slice(0, 10)}…`;
const done = (sentence: string): ChaosAnswer => ({ changed: true, sentence });
const already = (sentence: string): ChaosAnswer => ({ changed: false, sentence });

export class Chaos {
  readonly #deps: ChaosDeps;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(deps: ChaosDeps) {
    this.#deps = deps;
  }

  /** One at a time, in the order asked. Throws ChaosError. */
  run(command: ChaosCommand): Promise<ChaosAnswer> {
    const answer = this.#queue.then(() => this.#run(command));
    this.#queue = answer.catch(() => {});
    return answer;
  }

  #run({ verb, args }: ChaosCommand): Promise<ChaosAnswer> {
    switch (verb) {
      case 'status':
        return this.#status();
      case 'stop':
        return this.#stop(args.node);
      case 'start':
        return this.#start(args.node);
      case 'pause':
        return this.#pause(args.node);
      case 'resume':
        return this.#resume(args.node);
      case 'kill':
        return this.#kill(args.node);
      case 'reorg':
        return this.#reorg(args.depth, args.transactions);
      case 'delay-commits':
        return this.#commits(args.node, { kind: 'delay', ms: args.ms });
      case 'drop-commits':
        return this.#commits(args.node, { kind: 'drop' });
      case 'refuse-commits':
        return this.#commits(args.node, { kind: 'refuse' });
      case 'delay-l1':
        return this.#delayL1(args.node, args.ms);
      case 'partition':
        return this.#partition(args.node);
      case 'heal':
        return this.#heal(args.node);
      case 'unregister':
        return this.#unregister(args.node);
      case 'register':
        return this.#register(args.node);
      case 'equivocate':
        return this.#equivocate(args.node);
      default:
        return assertNever(verb, 'verb');
    }
  }

  async #one(name: string): Promise<FleetNode> {
    const { fleet } = this.#deps;
    if (name === 'leader') return this.#leader();
    if (fleet.names.includes(name)) return fleet.node(name);
    const known = [...fleet.names, 'leader'].join(', ');
    throw new ChaosError('bad_request', `There is no node ${JSON.stringify(name)}; there are: ${known}.`);
  }

  async #some(name: string): Promise<readonly FleetNode[]> {
    return name === 'all' ? this.#deps.fleet.nodes() : [await this.#one(name)];
  }

  async #leader(): Promise<FleetNode> {
    const leader = await this.#deps.l1.leader();
    if (leader === null) {
      throw new ChaosError('not_now', 'Nobody leads: no sequencer is registered. "register" puts them back.');
    }
    const node = this.#nodeOf(leader);
    if (node === undefined) {
      throw new ChaosError('not_now', `${leader} leads, and none of these nodes is that sequencer.`);
    }
    return node;
  }

  #nodeOf(sequencer: Address): FleetNode | undefined {
    return this.#deps.fleet.nodes().find((node) => node.sequencer === sequencer);
  }

  async #status(): Promise<ChaosAnswer> {
    const { fleet, l1, clock } = this.#deps;
    const leader = await l1.leader();
    const rows = fleet.nodes().map((node) => {
      const leads = node.sequencer === leader ? ', leads' : '';
      const faults = faultsOf(fleet.l1Proxy(node.name).rules, this.#isForged(node.name));
      return `${node.name} is ${stateInWords(node.state, clock.now())}${leads}${faults}`;
    });
    const nobody = leader === null ? '; nobody leads' : '';
    return already(`${rows.join('; ')}${nobody}.`);
  }

  async #stop(name: string): Promise<ChaosAnswer> {
    const node = await this.#one(name);
    if (node.state.kind === 'stopped') return already(`${node.name} is stopped already; "start" starts it.`);
    await this.#deps.fleet.child(node.name).stop();
    return done(
      `Stopped ${node.name}: nothing answers at ${node.dashboard ?? 'its address'}, and batches stop when its turn comes; "start" starts it.`,
    );
  }

  async #start(name: string): Promise<ChaosAnswer> {
    const down = (await this.#some(name)).filter(
      ({ state }) => state.kind === 'stopped' || state.kind === 'crashed' || state.kind === 'stopping',
    );
    if (down.length === 0) return already('Nothing is down.');
    for (const node of down) this.#deps.fleet.child(node.name).start();
    return done(
      `Starting ${namesOf(down)}: in some seconds each follows L1 and catches up, then takes its turns.`,
    );
  }

  async #pause(name: string): Promise<ChaosAnswer> {
    const node = await this.#one(name);
    if (this.#deps.fleet.child(node.name).pause()) {
      return done(
        `Paused ${node.name}: its page stands still and it knows nothing of it; "resume" lets it go on, with what it believed before.`,
      );
    }
    if (node.state.kind === 'paused') return already(`${node.name} is paused already.`);
    throw new ChaosError('not_now', `${node.name} is ${this.#words(node)}: there is no process to pause.`);
  }

  async #resume(name: string): Promise<ChaosAnswer> {
    const paused = (await this.#some(name)).filter(({ state }) => state.kind === 'paused');
    if (paused.length === 0) return already('Nothing is paused.');
    for (const node of paused) this.#deps.fleet.child(node.name).resume();
    return done(`${namesOf(paused)} goes on: see it find out what happened meanwhile.`);
  }

  async #kill(name: string): Promise<ChaosAnswer> {
    const node = await this.#one(name);
    if (!(await this.#deps.fleet.child(node.name).kill())) {
      return already(`${node.name} is ${this.#words(node)}: there is no process to kill.`);
    }
    return done(
      `Killed ${node.name} (kill -9): it is started again in a moment and goes on from its engine and from L1.`,
    );
  }

  #words(node: FleetNode): string {
    return stateInWords(node.state, this.#deps.clock.now());
  }

  async #reorg(depth: number, transactions: 'keep' | 'drop'): Promise<ChaosAnswer> {
    const reorg = await this.#deps.l1.reorg(depth, transactions);
    const fate = transactions === 'keep' ? 'kept in the same order' : 'dropped';
    return done(
      `Replaced ${depth} L1 blocks from ${reorg.from} on (${short(reorg.was)} is now ${short(reorg.is)}), their ${reorg.transactions} transactions ${fate}: every node shows an L1 reorg ${depth} deep.`,
    );
  }

  async #commits(name: string, rule: CommitRule): Promise<ChaosAnswer> {
    const node = await this.#one(name);
    const what = commitsInWords(rule);
    const proxy = this.#deps.fleet.l1Proxy(node.name);
    if (sameRule(proxy.rules.commits, rule)) return already(`Commits of ${node.name} are ${what} already.`);
    proxy.set({ commits: rule });
    return done(`Commits of ${node.name} are ${what}: its page shows them waiting; "heal" ends it.`);
  }

  async #delayL1(name: string, ms: number): Promise<ChaosAnswer> {
    const node = await this.#one(name);
    const proxy = this.#deps.fleet.l1Proxy(node.name);
    if (proxy.rules.delayMs === ms) return already(`L1 answers ${node.name} ${ms} ms late already.`);
    proxy.set({ delayMs: ms });
    return done(
      `L1 answers ${node.name} ${ms} ms late: its L1 head trails that of the others; "heal" ends it.`,
    );
  }

  async #partition(name: string): Promise<ChaosAnswer> {
    const node = await this.#one(name);
    const { fleet } = this.#deps;
    const l1 = fleet.l1Proxy(node.name);
    if (l1.rules.cut) return already(`${node.name} is cut off already.`);
    for (const proxy of [l1, ...fleet.peerProxiesOf(node.name)]) proxy.set({ cut: true });
    return done(
      `Cut ${node.name} off from L1 and from its peers: its page says that L1 does not answer; "heal" ends it.`,
    );
  }

  async #heal(name: string): Promise<ChaosAnswer> {
    const { fleet } = this.#deps;
    const nodes = await this.#some(name);
    const healed = nodes.filter(
      (node) => faultsOf(fleet.l1Proxy(node.name).rules, this.#isForged(node.name)) !== '',
    );
    if (healed.length === 0) return already('Nothing was disturbed.');
    for (const node of healed) fleet.l1Proxy(node.name).set(NO_FAULTS);
    for (const node of healed) this.#healPeers(node.name);
    return done(
      `Healed ${namesOf(healed)}: what was delayed is let go, what was dropped stays lost until it is sent again.`,
    );
  }

  /** Between two nodes nothing stays disturbed but by the one that is still cut off. */
  #healPeers(name: string): void {
    const { fleet } = this.#deps;
    for (const other of fleet.names.filter((each) => each !== name)) {
      const cut = fleet.l1Proxy(other).rules.cut;
      fleet.peerProxy(other, name).set({ ...NO_FAULTS, cut });
      const { instead } = fleet.peerProxy(name, other).rules;
      fleet.peerProxy(name, other).set({ cut, instead });
    }
  }

  #isForged(name: string): boolean {
    const { fleet } = this.#deps;
    const others = fleet.names.filter((other) => other !== name);
    return others.some((other) => fleet.peerProxy(other, name).rules.instead !== null);
  }

  async #unregister(name: string): Promise<ChaosAnswer> {
    const node = await this.#one(name);
    if (!(await this.#deps.l1.unregister(node.sequencer))) {
      return already(`${node.name} is not registered; "register" puts it back.`);
    }
    return done(
      `A stranger unregistered ${node.name} (${short(node.sequencer)}): ${await this.#whoLeads()}; "register" puts it back.`,
    );
  }

  async #register(name: string): Promise<ChaosAnswer> {
    const added: FleetNode[] = [];
    for (const node of await this.#some(name)) {
      if (await this.#deps.l1.register(node.sequencer)) added.push(node);
    }
    if (added.length === 0) return already('Registered already.');
    return done(`Registered ${namesOf(added)} at the end of the list: ${await this.#whoLeads()}.`);
  }

  async #whoLeads(): Promise<string> {
    const leader = await this.#deps.l1.leader();
    if (leader === null) return 'nobody leads now and batches stop';
    return `${this.#nodeOf(leader)?.name ?? leader} leads now`;
  }

  async #equivocate(name: string): Promise<ChaosAnswer> {
    const { fleet, forger } = this.#deps;
    const node = await this.#one(name);
    if (node.engineRpc === null || node.state.kind !== 'running') {
      throw new ChaosError('not_now', `${node.name} is ${this.#words(node)}: it has no block to show.`);
    }
    const { url, real, forged } = await forger.forge(httpRpc(node.engineRpc, { timeoutMs: RPC_TIMEOUT_MS }));
    for (const other of fleet.names.filter((each) => each !== node.name)) {
      fleet.peerProxy(other, node.name).set({ instead: url });
    }
    return done(
      `Peers of ${node.name} are served block ${forged.number} as ${short(forged.hash)} in place of ${short(real.hash)}: they show a conflict and halt the unsafe feed until L1 decides; "heal" ends it.`,
    );
  }
}

const namesOf = (nodes: readonly FleetNode[]): string => nodes.map(({ name }) => name).join(', ');

function commitsInWords(rule: CommitRule): string {
  switch (rule.kind) {
    case 'pass':
      return 'passed on';
    case 'delay':
      return `delayed by ${rule.ms} ms`;
    case 'drop':
      return 'taken and dropped';
    case 'refuse':
      return 'refused';
    default:
      return assertNever(rule, 'rule');
  }
}

const sameRule = (a: CommitRule, b: CommitRule): boolean => commitsInWords(a) === commitsInWords(b);

/** Empty when there are none. */
function faultsOf(rules: ProxyRules, forged: boolean): string {
  const faults = [
    rules.cut ? 'cut off' : '',
    rules.delayMs > 0 ? `L1 ${rules.delayMs} ms late` : '',
    rules.commits.kind === 'pass' ? '' : `commits ${commitsInWords(rules.commits)}`,
    forged ? 'peers are served a forged block' : '',
  ].filter((fault) => fault !== '');
  return faults.length === 0 ? '' : ` (${faults.join(', ')})`;
}
