/** The words of the chaos control: what may be asked, with which arguments. Read by the control and by the CLI. */
import { z } from 'zod';
import { err, ok, type Result } from '../../lib/result.ts';

const whole = (low: number, high: number) =>
  z.coerce.number({ error: 'a whole number is expected' }).int().min(low).max(high);
/** A node's name, `leader` for whoever leads now, or (where it says so) `all`. */
const node = z.string().regex(/^[\w.-]{1,64}$/, 'a name of a node is expected');
const milliseconds = whole(0, 600_000);

const verb = <S extends z.ZodRawShape>(summary: string, args: S) => ({ summary, args: z.strictObject(args) });

/** By name, in the order of the help. The arguments are written on a command line in the order they have here. */
export const VERBS = {
  status: verb('how every node is, who leads, and what is disturbed', {}),
  stop: verb('end a node in order (SIGTERM); it stays down', { node: node.default('leader') }),
  start: verb('start what was stopped, or what waits after a crash', { node: node.default('all') }),
  pause: verb('hold a node without its knowledge (SIGSTOP)', { node: node.default('leader') }),
  resume: verb('let a paused node go on', { node: node.default('all') }),
  kill: verb('kill -9 a node; it is started again after a moment', { node: node.default('leader') }),
  reorg: verb('replace the last DEPTH blocks of L1, keep or drop their transactions', {
    depth: whole(1, 1_000).default(3),
    transactions: z.enum(['keep', 'drop'], { error: '"keep" or "drop" is expected' }).default('keep'),
  }),
  'delay-commits': verb('a node’s commits reach L1 only MS milliseconds after they were taken', {
    node: node.default('leader'),
    ms: milliseconds.default(15_000),
  }),
  'drop-commits': verb('a node’s commits are taken and never reach L1', { node: node.default('leader') }),
  'refuse-commits': verb('a node’s commits are refused by L1', { node: node.default('leader') }),
  'delay-l1': verb('every answer of L1 to a node comes MS milliseconds late', {
    node: node.default('leader'),
    ms: milliseconds.default(2_000),
  }),
  partition: verb('cut a node off from L1 and from its peers', { node: node.default('leader') }),
  heal: verb('end delays, drops, partitions and forgeries', { node: node.default('all') }),
  unregister: verb('a stranger takes a node’s sequencer off the list', { node: node.default('leader') }),
  register: verb('put a node’s sequencer back on the list, at its end', { node: node.default('all') }),
  equivocate: verb('peers of a node are served another block in place of its last one', {
    node: node.default('leader'),
  }),
} as const;

export type VerbName = keyof typeof VERBS;
export type VerbArgs<V extends VerbName> = z.infer<(typeof VERBS)[V]['args']>;
export type ChaosCommand = {
  readonly [V in VerbName]: { readonly verb: V; readonly args: VerbArgs<V> };
}[VerbName];

/** What every verb answers. */
export const chaosAnswer = z.object({
  /** False when it was so already. */
  changed: z.boolean(),
  /** What was done, and how to see it. */
  sentence: z.string(),
});
export type ChaosAnswer = z.infer<typeof chaosAnswer>;

export const isVerb = (name: string): name is VerbName => Object.hasOwn(VERBS, name);

const argumentNames = (name: VerbName): readonly string[] => Object.keys(VERBS[name].args.shape);

/** `reorg [DEPTH] [TRANSACTIONS]`: each argument has a default. */
export const usageOf = (name: VerbName): string =>
  [name, ...argumentNames(name).map((argument) => `[${argument.toUpperCase()}]`)].join(' ');

/** Reads arguments by name; numbers may be text. The error is one sentence. */
export function readCommand(name: string, args: unknown): Result<ChaosCommand, string> {
  if (!isVerb(name)) {
    return err(`There is no verb ${JSON.stringify(name)}; there are: ${Object.keys(VERBS).join(', ')}.`);
  }
  const read = VERBS[name].args.safeParse(args ?? {});
  if (read.success) return ok({ verb: name, args: read.data } as ChaosCommand);
  const issue = read.error.issues[0];
  const where = issue?.path.length ? `${issue.path.join('.')}: ` : '';
  return err(`${name} cannot be done with these arguments: ${where}${issue?.message ?? 'not understood'}.`);
}

/** Words of a command line as arguments by name. The error is one sentence. */
export function argumentsOf(
  name: VerbName,
  words: readonly string[],
): Result<Record<string, string>, string> {
  const names = argumentNames(name);
  if (words.length > names.length) return err(`Too many arguments. Usage: plumbline chaos ${usageOf(name)}`);
  return ok(Object.fromEntries(words.map((word, at) => [names[at]!, word])));
}
