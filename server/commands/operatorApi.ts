import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isLoopback } from '../config/exposure.ts';
import { redactText } from '../telemetry/redact.ts';
import {
  type CommandContext,
  CommandError,
  type CommandOption,
  EXIT,
  type OptionValues,
  optionalText,
} from './command.ts';

const DEFAULT_URL = 'http://localhost:3000';
const TIMEOUT_MS = 60_000;

/** Options of every command that gives a running node an order. */
export const OPERATOR_OPTIONS: Readonly<Record<string, CommandOption>> = {
  url: {
    type: 'string',
    value: 'URL',
    help: `the node's address; https away from this machine (default ${DEFAULT_URL})`,
  },
  'token-file': {
    type: 'string',
    value: 'FILE',
    help: 'file with an operator token, mode 0600 (default: PLUMBLINE_OPERATOR_TOKEN_FILE, PLUMBLINE_OPERATOR_TOKEN, the devnet’s)',
  },
  reason: { type: 'string', value: 'TEXT', help: 'why; kept in the journal' },
  confirm: { type: 'string', value: 'NAME', help: 'the name of the node that is meant' },
  key: {
    type: 'string',
    value: 'KEY',
    help: 'idempotency key: an order with the same key is done once (default: a new one)',
  },
  json: { type: 'boolean', help: 'the answer as one JSON object' },
};

export interface OperatorApi {
  /** Rejects with one sentence, and exit code 5 when the node refused. */
  order<Answer>(procedure: string, input: unknown): Promise<Answer>;
  /** The node's status, as `/api/v1/status` says it. */
  status(): Promise<unknown>;
}

/** What the node's own file of tokens holds too: the first token of somebody who may give orders. */
function tokenIn(text: string): string | null {
  for (const line of text.split('\n')) {
    const words = line.trim().split(/\s+/);
    if (words[0] === '' || words[0]!.startsWith('#') || words[0] === 'viewer') continue;
    return words.at(-1)!;
  }
  return null;
}

function readToken(options: OptionValues, { env, projectDir }: CommandContext): string {
  const devnet = join(projectDir, '.plumbline', 'devnet', 'operator-token');
  const direct = env['PLUMBLINE_OPERATOR_TOKEN'];
  const file =
    optionalText(options, 'token-file') ??
    env['PLUMBLINE_OPERATOR_TOKEN_FILE'] ??
    (direct === undefined && existsSync(devnet) ? devnet : undefined);
  if (file === undefined && direct !== undefined) return direct;
  if (file === undefined) {
    throw new CommandError(
      'No operator token: give --token-file, or set PLUMBLINE_OPERATOR_TOKEN.',
      EXIT.usage,
    );
  }
  try {
    const path = resolve(file);
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
      throw new CommandError(`${file} can be read by other users: run "chmod 600" on it.`);
    }
    const token = tokenIn(readFileSync(path, 'utf8'));
    if (token !== null) return token;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new CommandError(`${file} cannot be read (${code}): check the path.`);
  }
  throw new CommandError(`${file} holds no operator token.`);
}

function baseOf(options: OptionValues): string {
  const url = optionalText(options, 'url') ?? DEFAULT_URL;
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) {
    const { protocol, hostname, host } = new URL(url);
    if (protocol === 'https:' || isLoopback(hostname)) return url;
    throw new CommandError(
      `--url leads to ${host} over plain HTTP, where the operator token could be read on its way: use https, or a tunnel to this machine.`,
      EXIT.usage,
    );
  }
  throw new CommandError(
    `--url is ${JSON.stringify(url)}, but must be an address such as ${DEFAULT_URL}.`,
    EXIT.usage,
  );
}

/** How the CLI reaches a node: by its API, with a bearer token, as any program would. */
export function operatorApi(options: OptionValues, context: CommandContext): OperatorApi {
  const base = baseOf(options);
  const token = readToken(options, context);
  const ask = async (path: string, init: RequestInit): Promise<{ status: number; body: unknown }> => {
    const answer = await fetch(new URL(path, base), {
      ...init,
      redirect: 'error',
      signal: AbortSignal.any([context.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    }).catch(() => {
      throw new CommandError(`No node answers at ${base}: is it running, and is this its address?`);
    });
    return { status: answer.status, body: await answer.json().catch(() => null) };
  };
  return {
    order: async <Answer>(procedure: string, input: unknown) => {
      const { status, body } = await ask(`/api/trpc/operator.${procedure}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify(input),
      });
      const said = body as {
        result?: { data: Answer };
        error?: { message?: unknown; data?: { reason?: unknown } };
      } | null;
      if (said?.result !== undefined) return said.result.data;
      if (status === 404) {
        throw new CommandError(`${base} takes no orders: start it with --operator-token-file.`, EXIT.refused);
      }
      const message = typeof said?.error?.message === 'string' ? said.error.message : `It answers ${status}.`;
      const usage = status === 400 && said?.error?.data?.reason === null;
      throw new CommandError(
        redactText(usage ? 'The node does not understand the order: see --help.' : message),
        EXIT.refused,
      );
    },
    status: async () => (await ask('/api/v1/status', {})).body,
  };
}

/** What every order says of itself. */
export function orderOf(options: OptionValues): { reason: string; confirm: string; idempotencyKey: string } {
  const [reason, confirm] = [optionalText(options, 'reason'), optionalText(options, 'confirm')];
  if (reason === undefined || confirm === undefined) {
    throw new CommandError(
      'An order takes --reason TEXT and --confirm NAME, the name of the node.',
      EXIT.usage,
    );
  }
  return { reason, confirm, idempotencyKey: optionalText(options, 'key') ?? randomUUID() };
}
