import { join } from 'node:path';
import { type StatusView, statusView } from '../api/views.ts';
import { CONTROL_FILE, readControlFile } from '../devnet/chaos/control.ts';
import { type Command, type CommandContext, CommandError, EXIT, optionalText } from './command.ts';

const DEFAULT_URL = 'http://localhost:3000';
const TIMEOUT_MS = 5_000;

/** Null where nothing answers. */
async function askNode(url: string, signal: AbortSignal): Promise<StatusView | null> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new CommandError(
      `--url is ${JSON.stringify(url)}, but must be an address such as ${DEFAULT_URL}.`,
      EXIT.usage,
    );
  }
  const answer = await fetch(new URL('/api/v1/status', url), {
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    redirect: 'error',
  }).catch(() => null);
  if (answer === null) return null;
  const body: unknown = await answer.json().catch(() => null);
  const parsed = statusView.safeParse(body);
  if (!parsed.success) {
    throw new CommandError(`${url} answers ${answer.status}, but not with a node's status.`);
  }
  return parsed.data;
}

async function statusAt(url: string, signal: AbortSignal): Promise<StatusView> {
  const status = await askNode(url, signal);
  if (status !== null) return status;
  throw new CommandError(`No node answers at ${url}: is it running, and is this its address?`);
}

/**
 * The node at the usual address or, where nothing answers there, the first node of this project's devnet that does.
 * Says which one it then is. Rejects with one sentence.
 *
 * @param controlFile what the devnet wrote (`readControlFile`); it need not be there
 */
export async function statusNearby(
  { usual, controlFile }: { readonly usual: string; readonly controlFile: string },
  { progress, signal }: Pick<CommandContext, 'progress' | 'signal'>,
): Promise<StatusView> {
  const status = await askNode(usual, signal);
  if (status !== null) return status;
  const control = readControlFile(controlFile);
  const dashboards = control.ok ? control.value.dashboards.filter(({ url }) => url !== usual) : [];
  for (const { name, url } of dashboards) {
    const found = await askNode(url, signal);
    if (found === null) continue;
    progress(`Nothing answers at ${usual}: asked ${name} of the devnet that runs here, at ${url}.`);
    return found;
  }
  const urls = [usual, ...dashboards.map(({ url }) => url)].join(', ');
  throw new CommandError(
    `No node answers at ${urls}: is one running, and where? Name its address with --url.`,
  );
}

const head = (name: string, block: { number: number; hash: string } | null): string =>
  `${name.padEnd(14)}${block === null ? 'not known' : `${String(block.number).padStart(10)}  ${block.hash}`}`;

function text(status: StatusView): string {
  const { heads } = status;
  return [
    `${status.verdict.kind.toUpperCase()}  ${status.verdict.sentence}`,
    head('L1 head', heads.l1),
    head('L2 unsafe', heads.unsafe),
    head('L2 safe', heads.safe),
    head('L2 finalized', heads.finalized),
    `${'leader'.padEnd(14)}${status.leader.address ?? status.leader.detail ?? 'not known'}`,
  ].join('\n');
}

export const statusCommand: Command = {
  name: 'status',
  summary: 'what a running node says of itself',
  details:
    'Exits 0 when the node is aligned with L1, 4 when it answers and is not, 1 when it does not answer.',
  options: {
    url: {
      type: 'string',
      value: 'URL',
      help: `the node's dashboard (default ${DEFAULT_URL}, else that of the devnet here)`,
    },
    json: { type: 'boolean', help: 'the whole status as one JSON object' },
  },
  async run(options, context) {
    const { out, projectDir, signal } = context;
    const url = optionalText(options, 'url');
    const controlFile = join(projectDir, '.plumbline', 'devnet', CONTROL_FILE);
    const status =
      url === undefined
        ? await statusNearby({ usual: DEFAULT_URL, controlFile }, context)
        : await statusAt(url, signal);
    out(options['json'] === true ? JSON.stringify(status) : text(status));
    return status.verdict.kind === 'aligned' ? EXIT.ok : EXIT.notAligned;
  },
};
