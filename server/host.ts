import { createServer } from 'node:net';
import { LiveStreams } from './api/live/liveStreams.ts';
import { CommandError } from './commands/command.ts';
import type { ProcessOps } from './front.ts';
import type { GuardOptions } from './guard.ts';
import { processMetrics } from './metrics/processMetrics.ts';
import { currentNode, type NodeHandle, publishNode } from './runtime.ts';
import { startWeb, type Web } from './web.ts';

/** What a process runs: a node, or what stands in its place until there is one. */
export interface HostedNode extends NodeHandle {
  start(): void;
  /** Ends the step in flight, then closes what the node was given. */
  stop(): Promise<void>;
}

export interface HostOptions {
  readonly node: HostedNode;
  /** Null listens nowhere. Without `pages` it answers probes, collectors and the API alone. */
  readonly web: {
    readonly port: number;
    readonly host: string;
    readonly pages: boolean;
    readonly guard?: Omit<GuardOptions, 'host'>;
    readonly tls?: { readonly cert: string; readonly key: string } | null;
  } | null;
  readonly projectDir: string;
  readonly signal: AbortSignal;
  readonly onReady: (url: string | null) => void;
}

export const portTaken = (port: number): CommandError =>
  new CommandError(`Port ${port} is taken: end the program that uses it, or choose another with --port.`);

/** Rejects with one sentence when the port cannot be had; asked before anything slow is started. */
export function checkPort(port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? portTaken(port)
          : new CommandError(`Cannot listen on ${host}:${port}: ${error.message}.`),
      ),
    );
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}

/** Runs the node and its pages in this process until asked to end; then ends both, the step in flight first. */
export async function hostNode({ node, web, projectDir, signal, onReady }: HostOptions): Promise<void> {
  publishNode(node);
  let pages: Web | null = null;
  try {
    if (web !== null) {
      // Our own handler ends the server; Next's would end the process under the node.
      process.env['NEXT_MANUAL_SIG_HANDLE'] = 'true';
      const measures = processMetrics();
      const ops: ProcessOps = {
        health: () => ({ loopLagMs: measures.loopLagMs() }),
        metrics: () => measures.text(),
        streams: new LiveStreams({ node: currentNode, onChange: measures.openStreams }),
        answered: measures.answered,
      };
      const dir = web.pages ? projectDir : null;
      pages = await startWeb({ ...web, dir, process: ops }).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'EADDRINUSE' ? portTaken(web.port) : error;
      });
    }
    node.start();
    onReady(pages?.url ?? null);
    await aborted(signal);
  } finally {
    try {
      await pages?.close();
    } finally {
      await node.stop();
    }
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
