import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PreviewView, previewView, type ResyncTargetInput } from '../api/operatorViews.ts';
import { type StatusView, statusView } from '../api/views.ts';
import {
  type Command,
  type CommandContext,
  CommandError,
  EXIT,
  type OptionValues,
  optionalText,
} from './command.ts';
import { OPERATOR_OPTIONS, type OperatorApi, operatorApi, orderOf } from './operatorApi.ts';

const POLL_MS = 500;
/** Looks in a row without a word of the resync, after which it is given up. A restart takes less. */
const MISSING_LOOKS = 120;

/** `safe`, `finalized`, `genesis`, `batch:N` or `l1:N`. */
export function targetOf(text: string): ResyncTargetInput {
  if (text === 'safe' || text === 'finalized' || text === 'genesis') return { kind: text };
  const [, kind, number] = /^(batch|l1):(\d{1,15})$/.exec(text) ?? [];
  if (kind === 'batch') return { kind: 'batch', batch: Number(number) };
  if (kind === 'l1') return { kind: 'l1Block', number: Number(number) };
  throw new CommandError(
    `--target is ${JSON.stringify(text)}, but must be safe, finalized, genesis, batch:N or l1:N.`,
    EXIT.usage,
  );
}

function inWords({ impact, point, duty, validUntil, confirm }: PreviewView, now: number): string {
  const transactions =
    impact.transactions === null ? 'transactions not known' : `${impact.transactions} transactions`;
  const estimate =
    impact.estimateMs === null ? 'no estimate yet' : `about ${(impact.estimateMs / 1000).toFixed(1)} s`;
  return [
    `Back to block ${point.block.number} ${point.block.hash} (batch ${point.batch})`,
    `  drops        ${impact.dropped} L2 blocks (${transactions}); L1 cannot give back ${impact.unsafe} of them`,
    `  derives      ${impact.batches} batches from ${impact.l1Blocks} L1 blocks, ${estimate}`,
    ...(impact.lowersFinalized ? ['  finalized    the engine’s finalized label goes back too'] : []),
    ...(duty.kind === 'leading' ? ['  leading      this node leads: it takes --override'] : []),
    ...(duty.kind === 'soon' ? [`  leading      in ${duty.batches} batches: it takes --override`] : []),
    `  valid for    ${Math.max(0, Math.round((validUntil - now) / 1000))} s; confirm with the name ${confirm}`,
  ].join('\n');
}

async function previewOf(options: OptionValues, api: OperatorApi): Promise<PreviewView> {
  const file = optionalText(options, 'preview');
  if (file !== undefined) {
    const read = previewView.safeParse(tryJson(file));
    if (read.success) return read.data;
    throw new CommandError(`${file} is not what "resync preview --json" prints.`, EXIT.usage);
  }
  return api.order<PreviewView>('preview', { target: targetOf(optionalText(options, 'target') ?? 'safe') });
}

function tryJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Null while the node does not answer, as during a restart, or knows of no resync. */
async function presentOf(api: Pick<OperatorApi, 'status'>): Promise<StatusView['operator']['resync']> {
  const status = statusView.safeParse(await api.status().catch(() => null));
  return status.success ? status.data.operator.resync : null;
}

/** Follows a resync to its end, saying each new step. Rejects when the node says nothing of it any more. */
export async function followed(
  id: string,
  api: Pick<OperatorApi, 'status'>,
  { progress, pause }: Pick<CommandContext, 'progress'> & { readonly pause: () => Promise<unknown> },
): Promise<boolean> {
  let said = '';
  for (let missing = 0; missing < MISSING_LOOKS; missing++) {
    const resync = await presentOf(api);
    if (resync?.id === id) {
      missing = -1;
      const { phase, note } = resync;
      if (note !== said) progress(note.startsWith(`${phase}: `) ? note : `${phase}: ${note}`);
      said = note;
      if (resync.endedAt !== null) return resync.phase === 'done';
    }
    await pause();
  }
  throw new CommandError(
    `${id} was accepted, but the node has said nothing of it for ${(MISSING_LOOKS * POLL_MS) / 1000} s: see "plumbline status" and the journal.`,
  );
}

async function execute(options: OptionValues, context: CommandContext, api: OperatorApi): Promise<number> {
  const order = orderOf(options);
  const preview = await previewOf(options, api);
  const { unsafe, safe, finalized } = preview.expected;
  const answer = await api.order<{ id: string }>('execute', {
    ...order,
    previewId: preview.id,
    expected: { unsafe: unsafe.hash, safe: safe?.hash ?? null, finalized: finalized?.hash ?? null },
    override: options['override'] === true,
  });
  if (options['wait'] !== true) {
    context.out(
      options['json'] === true
        ? JSON.stringify(answer)
        : `Accepted as ${answer.id}. "plumbline status" shows how it goes.`,
    );
    return EXIT.ok;
  }
  const done = await followed(answer.id, api, {
    progress: context.progress,
    pause: () => sleep(POLL_MS, undefined, { signal: context.signal }),
  });
  context.out(options['json'] === true ? JSON.stringify({ ...answer, done }) : done ? 'Done.' : 'Failed.');
  return done ? EXIT.ok : EXIT.notAligned;
}

export const resyncCommand: Command = {
  name: 'resync',
  summary: 'go back to a block that L1 implies, and derive again from there',
  details:
    'plumbline resync preview [--target TARGET]\nplumbline resync execute [--target TARGET | --preview FILE] --confirm NAME --reason TEXT\n\nTARGET is safe (default), finalized, genesis, batch:N or l1:N. A preview is valid for 30 seconds; execute makes one\nitself unless it is given the JSON of one. Exits 0 when it was accepted (with --wait: done), 4 when it failed, 5 when\nthe node refused.',
  operands: 'preview|execute',
  options: {
    target: { type: 'string', value: 'TARGET', help: 'what to go back to (default safe)' },
    preview: {
      type: 'string',
      value: 'FILE',
      help: 'execute what "resync preview --json" printed into this file',
    },
    override: { type: 'boolean', help: 'although this node leads, or is about to' },
    wait: { type: 'boolean', help: 'follow it to its end' },
    ...OPERATOR_OPTIONS,
  },
  async run(options, context, [verb]) {
    if (verb !== 'preview' && verb !== 'execute') {
      throw new CommandError(
        'plumbline resync takes preview or execute. See: plumbline resync --help',
        EXIT.usage,
      );
    }
    if (verb === 'execute') orderOf(options);
    const api = operatorApi(options, context);
    if (verb === 'execute') return execute(options, context, api);
    const preview = await previewOf(options, api);
    context.out(options['json'] === true ? JSON.stringify(preview) : inWords(preview, Date.now()));
    return EXIT.ok;
  },
};
