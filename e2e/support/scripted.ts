import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import next from 'next';
import { LiveStreams } from '../../server/api/live/liveStreams.ts';
import { front, type ProcessOps } from '../../server/front.ts';
import { Guard } from '../../server/guard.ts';
import type { ReadModels } from '../../server/journal/readModels.ts';
import { processMetrics } from '../../server/metrics/processMetrics.ts';
import { currentNode, publishBuild, publishNode } from '../../server/runtime.ts';
import { createScriptedNode, scriptedDevnet } from '../../server/testing/scriptedNode.ts';
import { SCENARIOS, type Scenario } from '../../server/testing/scriptedStatus.ts';

/**
 * The production page over a scripted node, in one process as the real program has it. Prints its address as
 * one line of JSON once it answers. Tests steer it by POST to /__script with one command a request:
 *   show=<scenario> · advance · refresh=on|off (a fresh status every second) · stream=on|off (refuse and cut
 *   update streams) · api=on|off (refuse and cut every request to the API) · devnet=on|off (be part of one) ·
 *   operator=on|off (have a token) · age=<ms> (sessions grow old) · duty=leading|none|<batches> · refuse=<code>[,ms] (the next resync) ·
 *   resync=rederiving|verifying|done|failed (go on with it) · build=<id> (serve pages of that build) ·
 *   past=well|slow|broken (lists of the past: answered, held
 *   back until the next command, or failing) ·
 *   ahead=<ms> (the server's clock goes before the machine's by so much).
 * With --clock all times are of that moment, milliseconds since 1970, and stand still: pictures of pages are compared.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    scenario: { type: 'string', default: 'aligned' },
    empty: { type: 'boolean', default: false },
    clock: { type: 'string' },
  },
});

const machineNow = Date.now.bind(Date);
const setAhead = (ms: number): void => {
  Date.now = () => machineNow() + ms;
};
if (values.clock !== undefined) {
  const still = Number(values.clock);
  Date.now = () => still;
}

const isScenario = (text: string): text is Scenario => (SCENARIOS as readonly string[]).includes(text);
const first = isScenario(values.scenario) ? values.scenario : 'aligned';
const node = createScriptedNode(first);
if (!values.empty) publishNode(node);

/** The process behind the probes is always well; its node is the scripted one. */
const ops: ProcessOps = {
  health: () => ({ loopLagMs: 0 }),
  metrics: processMetrics().text,
  streams: new LiveStreams({ node: currentNode }),
  answered: () => {},
};
const blocked = { stream: false, api: false };
const apiSockets = new Map<Socket, string>();
let refreshing = true;
let operator: ReturnType<typeof node.operated> = null;

/** The lists of the past, in a journal that may be slow or gone. */
const past = { broken: false, gate: Promise.resolve(), open: (): void => {} };
const models = new Proxy(node.history!.models, {
  get:
    (target, name: keyof ReadModels) =>
    async (query: never): Promise<unknown> => {
      await past.gate;
      if (past.broken) throw new Error('the disk is full');
      return target[name](query);
    },
});
node.history = { ...node.history!, models };

const steerPast = (to: string): void => {
  past.open();
  past.broken = to === 'broken';
  if (to === 'slow')
    past.gate = new Promise((open) => {
      past.open = open;
    });
};

const PHASES = ['rederiving', 'verifying', 'done', 'failed'] as const;
const isPhase = (text: string): text is (typeof PHASES)[number] =>
  (PHASES as readonly string[]).includes(text);

const cut = (matches: (path: string) => boolean): void => {
  for (const [socket, path] of apiSockets) if (matches(path)) socket.destroy();
};

const isStream = (path: string): boolean => path.startsWith('/api/trpc/onUpdate');
const isApi = (path: string): boolean => path.startsWith('/api/');

const command = (name: string, value: string): boolean => {
  if (name === 'show' && isScenario(value)) node.show(value);
  else if (name === 'advance') node.advance();
  else if (name === 'operator') operator = node.operated(value === 'on');
  else if (name === 'age') operator?.age(Number(value));
  else if (name === 'duty') {
    const batches = Number(value);
    operator?.setDuty(
      value === 'leading'
        ? { kind: 'leading' }
        : value === 'none'
          ? { kind: 'none' }
          : { kind: 'soon', batches },
    );
  } else if (name === 'refuse') {
    const [code = '', retry] = value.split(',');
    operator?.refuseNext({
      code,
      message: `Refused: ${code}.`,
      retryAfterMs: retry === undefined ? null : Number(retry),
    });
  } else if (name === 'resync' && isPhase(value)) operator?.advanceResync(value);
  else if (name === 'devnet') {
    if (value === 'on') node.devnet = scriptedDevnet;
    else delete node.devnet;
  } else if (name === 'build') publishBuild(value);
  else if (name === 'past') steerPast(value);
  else if (name === 'ahead') setAhead(Number(value));
  else if (name === 'refresh') refreshing = value === 'on';
  else if (name === 'stream' || name === 'api') {
    blocked[name] = value === 'off';
    if (blocked[name]) cut(name === 'stream' ? isStream : isApi);
  } else return false;
  return true;
};

const steer = (url: URL, response: ServerResponse): void => {
  const known = [...url.searchParams].every(([name, value]) => command(name, value));
  response.statusCode = known ? 204 : 400;
  response.end();
};

const app = next({ dev: false, dir: fileURLToPath(new URL('../../', import.meta.url)) });
await app.prepare();
const handle = app.getRequestHandler();

const guard = new Guard({ host: '127.0.0.1', requestsPerSecond: 1_000, maxOpen: 1_000 });
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/__script') return steer(url, response);
  if ((blocked.api && isApi(url.pathname)) || (blocked.stream && isStream(url.pathname))) {
    request.socket.destroy();
    return;
  }
  if (isApi(url.pathname)) {
    apiSockets.set(request.socket, url.pathname);
    response.on('close', () => apiSockets.delete(request.socket));
  }
  if (front(request, response, { guard, node: currentNode(), process: ops })) return;
  void handle(request, response);
});

const beat = setInterval(() => {
  if (refreshing) node.refresh();
}, 1_000);

const stop = (): void => {
  clearInterval(beat);
  server.close(() => process.exit(0));
  server.closeAllConnections();
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

server.listen(Number(values.port), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});
