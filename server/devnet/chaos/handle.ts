/** The devnet's chaos control as a node of that devnet hands it to its page: plain data and plain functions. */
import { z } from 'zod';
import { type ControlFile, readControlFile } from './control.ts';
import { chaosAnswer, isVerb, VERBS, type VerbName } from './verbTable.ts';

/** One argument of a verb, as a page may ask for it. */
export type HandleArgument =
  | { readonly kind: 'node'; readonly name: string; readonly default: string }
  | {
      readonly kind: 'number';
      readonly name: string;
      readonly default: number;
      readonly min: number;
      readonly max: number;
    }
  | {
      readonly kind: 'choice';
      readonly name: string;
      readonly default: string;
      readonly choices: string[];
    };

export interface HandleVerb {
  readonly name: VerbName;
  readonly summary: string;
  readonly args: HandleArgument[];
}

export interface ChaosHandle {
  verbs(): HandleVerb[];
  run(
    verb: string,
    args: Readonly<Record<string, string | number>>,
  ): Promise<{ ok: boolean; sentence: string }>;
}

/** A reorg of a thousand blocks and the forging of a long chain take seconds. */
const TIMEOUT_MS = 120_000;

const property = z.union([
  z.object({ enum: z.array(z.string()), default: z.string() }),
  z.object({ type: z.literal('integer'), minimum: z.number(), maximum: z.number(), default: z.number() }),
  z.object({ type: z.literal('string'), default: z.string() }),
]);

function argumentOf(name: string, schema: unknown): HandleArgument {
  const read = property.parse(schema);
  if ('enum' in read) return { kind: 'choice', name, default: read.default, choices: read.enum };
  if (read.type === 'string') return { kind: 'node', name, default: read.default };
  return { kind: 'number', name, default: read.default, min: read.minimum, max: read.maximum };
}

function verbOf(name: VerbName): HandleVerb {
  const { summary, args } = VERBS[name];
  const { properties = {} } = z.toJSONSchema(args, { io: 'input' });
  const described = Object.entries(properties).map(([argument, schema]) => argumentOf(argument, schema));
  return { name, summary, args: described };
}

/**
 * The chaos verbs of the devnet whose control file this is (`readControlFile`). The file is read for each verb: it is
 * there once all nodes run, and another devnet in its place writes another one.
 */
export function chaosHandle(controlFile: string): ChaosHandle {
  const verbs = (Object.keys(VERBS) as VerbName[]).map(verbOf);
  return {
    verbs: () => verbs,
    async run(verb, args) {
      if (!isVerb(verb)) return { ok: false, sentence: 'There is no such verb.' };
      const control = readControlFile(controlFile);
      if (!control.ok) return { ok: false, sentence: 'The devnet has not started yet, or has ended.' };
      return ask(control.value, { verb, args });
    },
  };
}

async function ask(
  { url, token }: ControlFile,
  body: { readonly verb: VerbName; readonly args: object },
): Promise<{ ok: boolean; sentence: string }> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return sentenceOf(answer.status, await answer.json());
  } catch {
    return { ok: false, sentence: 'The devnet does not answer: it has ended, perhaps by being killed.' };
  }
}

function sentenceOf(status: number, said: unknown): { ok: boolean; sentence: string } {
  const done = chaosAnswer.safeParse(said);
  if (status === 200 && done.success) return { ok: true, sentence: done.data.sentence };
  const refused = z.object({ error: z.string() }).safeParse(said);
  const sentence = refused.success ? refused.data.error : `The devnet answers ${status} without a reason.`;
  return { ok: false, sentence };
}
