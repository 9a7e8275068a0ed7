import type { z } from 'zod';

export type ReadQuery<T> =
  | { readonly ok: true; readonly value: T }
  /** One sentence that names the parameter. */
  | { readonly ok: false; readonly message: string };

const NUMBERS = ['limit', 'before', 'minDepth', 'after', 'number'];
const TIMES = ['from', 'to'];
const LISTS = ['kinds'];
const FLAGS = ['missed'];

/** Text as the schemas want it. What is no number stays text, so that the schema says what it wanted. */
function wanted(name: string, text: string): unknown {
  if (LISTS.includes(name)) return text.split(',').map((part) => part.trim());
  if (FLAGS.includes(name) && (text === 'true' || text === 'false')) return text === 'true';
  const digits = /^\d{1,16}$/.test(text);
  if ((NUMBERS.includes(name) || TIMES.includes(name)) && digits) return Number(text);
  // ISO 8601 alone: Date.parse takes much else, each program differently.
  if (TIMES.includes(name) && /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text))
    return Date.parse(text);
  return text;
}

/** Reads a query strictly: a name that is not known, or that stands twice, is a mistake and is said. Empty is absent. */
export function readQuery<Schema extends z.ZodObject>(
  schema: Schema,
  search: URLSearchParams,
): ReadQuery<z.infer<Schema>> {
  const names = Object.keys(schema.shape);
  const given: Record<string, unknown> = {};
  for (const [name, text] of search) {
    if (!names.includes(name))
      return {
        ok: false,
        message: `There is no parameter "${name.slice(0, 40)}"; there are ${names.join(', ')}.`,
      };
    if (name in given) return { ok: false, message: `The parameter "${name}" is given twice.` };
    if (text !== '') given[name] = wanted(name, text);
  }
  const read = schema.safeParse(given);
  if (read.success) return { ok: true, value: read.data };
  const [issue] = read.error.issues;
  return {
    ok: false,
    message: `The parameter "${String(issue?.path[0] ?? '?')}" is not right: ${issue?.message}.`,
  };
}
