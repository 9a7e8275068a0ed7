import type { FleetRow } from './api/historyViews.ts';
import { type StatusView, statusView } from './api/views.ts';
import type { Clock } from './lib/clock.ts';

/** A node that does not answer in this time is not waited for. Milliseconds. */
const DEADLINE_MS = 1_500;
/** Pages that ask more often get the last answer. Milliseconds. */
const FRESH_MS = 1_500;
/** Of a status; more is not read. */
const MAX_BYTES = 4 * 1024 * 1024;
const BATCHES = 24;

const NO_HEADS: FleetRow['heads'] = { l1: null, unsafe: null, safe: null, finalized: null };

const idOf = (block: { number: number; hash: string } | null) =>
  block && { number: block.number, hash: block.hash };

/** What a node says of itself, as one row among others. Pure. */
export function fleetRowOf(name: string, url: string, us: boolean, status: StatusView, at: number): FleetRow {
  const { heads, verdict, leader, sequencer, batches } = status;
  return {
    name,
    url,
    us,
    problem: null,
    at,
    answeredAt: at,
    verdict: verdict.kind,
    sentence: verdict.sentence,
    heads: {
      l1: idOf(heads.l1),
      unsafe: idOf(heads.unsafe),
      safe: idOf(heads.safe),
      finalized: idOf(heads.finalized),
    },
    leader: leader.address,
    leads: sequencer?.mode === 'Sequencing',
    role: sequencer?.mode ?? null,
    nextBatch: leader.nextBatch,
    batches: batches
      .filter(({ progress }) => progress === 'safe' || progress === 'finalized')
      .flatMap(({ number, lastBlock, lastBlockHash }) =>
        lastBlock === null || lastBlockHash === null ? [] : [{ number, lastBlock, lastBlockHash }],
      )
      .slice(0, BATCHES),
  };
}

const neverHeard = (name: string, url: string, problem: string, at: number): FleetRow => ({
  name,
  url,
  us: false,
  problem,
  at,
  answeredAt: null,
  verdict: null,
  sentence: null,
  heads: NO_HEADS,
  leader: null,
  leads: false,
  role: null,
  nextBatch: null,
  batches: [],
});

async function ask(url: string): Promise<StatusView | string> {
  if (!URL.canParse(url)) return 'its address is no web address';
  try {
    const answer = await fetch(new URL('/api/v1/status', url), {
      signal: AbortSignal.timeout(DEADLINE_MS),
      redirect: 'error',
      headers: { accept: 'application/json' },
    });
    if (!answer.ok) return `it answered with status ${answer.status}`;
    const text = await answer.text();
    if (text.length > MAX_BYTES) return 'its answer is too large';
    const read = statusView.safeParse(JSON.parse(text));
    return read.success ? read.data : 'its answer is that of another version';
  } catch {
    return `it did not answer within ${DEADLINE_MS / 1_000} s`;
  }
}

/**
 * Asks the other nodes of this operator how they are: browsers may not (each is an origin of its own), this server may.
 * The addresses are the configuration's, never a visitor's. One question at a time, however many pages ask. A node that
 * does not answer keeps what it said last, with the time of that.
 */
export function fleetReader(own: () => StatusView, clock: Clock): () => Promise<readonly FleetRow[]> {
  const heard = new Map<string, FleetRow>();
  let last: { readonly at: number; readonly rows: Promise<readonly FleetRow[]> } | null = null;
  const read = async (): Promise<readonly FleetRow[]> => {
    const status = own();
    const listed = status.fleet.some(({ name }) => name === status.node.name);
    const nodes = listed ? status.fleet : [{ name: status.node.name, url: '' }, ...status.fleet];
    return Promise.all(
      nodes.map(async ({ name, url }) => {
        if (name === status.node.name) return fleetRowOf(name, url, true, own(), clock.now());
        const answer = await ask(url);
        const at = clock.now();
        const key = `${name} ${url}`;
        if (typeof answer === 'string') {
          const before = heard.get(key) ?? neverHeard(name, url, answer, at);
          return { ...before, problem: answer, at };
        }
        const row = fleetRowOf(name, url, false, answer, at);
        heard.set(key, row);
        return row;
      }),
    );
  };
  return () => {
    if (own().fleet.length === 0) return Promise.resolve([]);
    const now = clock.now();
    if (last === null || now - last.at > FRESH_MS) last = { at: now, rows: read() };
    return last.rows;
  };
}
