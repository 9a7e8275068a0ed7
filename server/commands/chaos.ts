import { join, resolve } from 'node:path';
import { CONTROL_FILE, type ControlFile, readControlFile } from '../devnet/chaos/control.ts';
import {
  argumentsOf,
  type ChaosAnswer,
  chaosAnswer,
  isVerb,
  usageOf,
  VERBS,
} from '../devnet/chaos/verbTable.ts';
import { type Command, CommandError, EXIT, optionalText } from './command.ts';

/** A reorg of a thousand blocks and the forging of a long chain take seconds. */
const TIMEOUT_MS = 120_000;

function verbsInWords(): string {
  const rows = (Object.keys(VERBS) as (keyof typeof VERBS)[]).map((name) => [
    usageOf(name),
    VERBS[name].summary,
  ]);
  const width = Math.max(...rows.map(([usage]) => usage!.length)) + 2;
  return rows.map(([usage, summary]) => `  ${usage!.padEnd(width)}${summary}`).join('\n');
}

async function ask({ url, token }: ControlFile, body: object, signal: AbortSignal): Promise<ChaosAnswer> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  }).catch(() => {
    throw new CommandError(`The devnet does not answer at ${url}: it has ended, perhaps by being killed.`);
  });
  const said: unknown = await answer.json().catch(() => null);
  const parsed = chaosAnswer.safeParse(said);
  if (answer.ok && parsed.success) return parsed.data;
  const { error } = (said ?? {}) as { readonly error?: unknown };
  const reason = typeof error === 'string' ? error : `The devnet answers ${answer.status} without a reason.`;
  throw new CommandError(reason, answer.status === 400 ? EXIT.usage : EXIT.failed);
}

export const chaosCommand: Command = {
  name: 'chaos',
  summary: 'disturb a running devnet: stop, kill and cut off nodes, reorg its L1, drop commits, equivocate',
  details: `plumbline chaos VERB [ARGUMENTS]\n\nVerbs (NODE is a name, "leader" or, where several make sense, "all")\n${verbsInWords()}`,
  operands: 'VERB [ARGUMENTS]',
  options: {
    devnet: {
      type: 'string',
      value: 'FILE',
      help: `the devnet's control file (default .plumbline/devnet/${CONTROL_FILE})`,
    },
    json: { type: 'boolean', help: 'the answer as one JSON object' },
  },
  async run(options, { out, projectDir, signal }, [verb, ...words]) {
    if (verb === undefined) {
      throw new CommandError('Which verb? See: plumbline chaos --help', EXIT.usage);
    }
    if (!isVerb(verb)) {
      throw new CommandError(
        `There is no verb ${JSON.stringify(verb)}. See: plumbline chaos --help`,
        EXIT.usage,
      );
    }
    const args = argumentsOf(verb, words);
    if (!args.ok) throw new CommandError(args.error, EXIT.usage);
    const given = optionalText(options, 'devnet');
    const control = readControlFile(resolve(given ?? join(projectDir, '.plumbline', 'devnet', CONTROL_FILE)));
    if (!control.ok) throw new CommandError(control.error);
    const answer = await ask(control.value, { verb, args: args.value }, signal);
    out(options['json'] === true ? JSON.stringify(answer) : answer.sentence);
    return EXIT.ok;
  },
};
