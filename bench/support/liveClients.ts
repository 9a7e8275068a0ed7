/**
 * Clients of a node, in a process of their own: event streams that are held open and reads of the status at a steady
 * pace, over plain HTTP on loopback. Told by its parent's messages; answers `ready` when all streams are open, and each
 * `report` with what was seen since the one before.
 */
import { Agent, type ClientRequest, get } from 'node:http';
import { setPriority } from 'node:os';

export interface LivePlan {
  readonly url: string;
  /** Paths of event streams, and how many of each. */
  readonly streams: readonly { readonly path: string; readonly count: number }[];
  readonly readsPerSecond: number;
}

export type LiveOrder =
  | { readonly kind: 'open'; readonly plan: LivePlan }
  | { readonly kind: 'report' }
  | { readonly kind: 'close' };

export interface LiveReport {
  readonly kind: 'ready' | 'report' | 'closed';
  /** Streams that are open now. */
  readonly open: number;
  /** Streams that were refused or cut, and reads that were not answered with 200. */
  readonly failed: number;
  readonly streamBytes: number;
  /** Messages of the fullest and of the emptiest stream: they should differ by little. */
  readonly messages: { readonly most: number; readonly least: number };
  readonly reads: number;
  readonly readMs: { readonly p50: number; readonly p99: number };
}

interface Stream {
  request: ClientRequest;
  messages: number;
}

/** Connections that are opened at once: the listen queue of a server is finite. */
const AT_ONCE = 50;
const TICK_MS = 20;

const streams: Stream[] = [];
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
let failed = 0;
let open = 0;
let streamBytes = 0;
let readTimes: number[] = [];
let reads = 0;
let ending = false;
let timer: ReturnType<typeof setInterval> | null = null;

const openStream = (url: URL): Promise<void> =>
  new Promise((resolve) => {
    const stream: Stream = {
      request: get(url, { agent: false, headers: { accept: 'text/event-stream' } }),
      messages: 0,
    };
    stream.request.on('response', (answer) => {
      if (answer.statusCode !== 200) {
        failed += 1;
        answer.resume();
        return resolve();
      }
      open += 1;
      streams.push(stream);
      resolve();
      answer.on('data', (chunk: Buffer) => {
        streamBytes += chunk.length;
        // Counts messages without making text of them: each has one "data:" field at a line's beginning.
        for (let at = chunk.indexOf('\ndata: {'); at !== -1; at = chunk.indexOf('\ndata: {', at + 8))
          stream.messages += 1;
        if (chunk.subarray(0, 7).toString('latin1') === 'data: {') stream.messages += 1;
      });
      answer.on('close', () => {
        open -= 1;
        if (!ending) failed += 1;
      });
      answer.on('error', () => undefined);
    });
    stream.request.on('error', () => {
      if (!ending) failed += 1;
      resolve();
    });
  });

const read = (url: URL): void => {
  const began = performance.now();
  get(url, { agent }, (answer) => {
    answer.on('data', () => undefined);
    answer.on('end', () => {
      reads += 1;
      readTimes.push(performance.now() - began);
      if (answer.statusCode !== 200) failed += 1;
    });
    answer.on('error', () => {
      failed += 1;
    });
  }).on('error', () => {
    if (!ending) failed += 1;
  });
};

async function openAll({ url, streams: wanted, readsPerSecond }: LivePlan): Promise<void> {
  const urls = wanted.flatMap(({ path, count }) => Array.from({ length: count }, () => new URL(path, url)));
  for (let from = 0; from < urls.length; from += AT_ONCE)
    await Promise.all(urls.slice(from, from + AT_ONCE).map(openStream));
  const status = new URL('/api/v1/status', url);
  const began = performance.now();
  let sent = 0;
  timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1_000) * readsPerSecond);
    // A process that was held up does not make up for it in one burst.
    sent = Math.max(sent, due - readsPerSecond);
    for (; sent < due; sent++) read(status);
  }, TICK_MS);
}

const report = (kind: LiveReport['kind']): LiveReport => {
  const sorted = readTimes.sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  const counts = streams.map(({ messages }) => messages);
  const told: LiveReport = {
    kind,
    open,
    failed,
    streamBytes,
    messages: { most: Math.max(0, ...counts), least: Math.min(...(counts.length === 0 ? [0] : counts)) },
    reads,
    readMs: { p50: at(0.5), p99: at(0.99) },
  };
  [readTimes, reads, streamBytes, failed] = [[], 0, 0, 0];
  for (const stream of streams) stream.messages = 0;
  return told;
};

const close = (): void => {
  ending = true;
  if (timer !== null) clearInterval(timer);
  for (const { request } of streams) request.destroy();
  streams.length = 0;
  agent.destroy();
};

// Elsewhere in the world these clients have machines of their own: here they take what the node and the chain leave.
setPriority(19);

process.on('message', (order: LiveOrder) => {
  const answer = (kind: LiveReport['kind']): void => void process.send!(report(kind));
  if (order.kind === 'report') answer('report');
  else if (order.kind === 'close') {
    close();
    setTimeout(() => answer('closed'), 200);
  } else {
    ending = false;
    failed = 0;
    void openAll(order.plan).then(() => answer('ready'));
  }
});
process.on('disconnect', () => process.exit(0));
