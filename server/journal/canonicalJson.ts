/**
 * JSON with one spelling per value: members sorted by UTF-16 code unit, no white space, numbers as ECMAScript prints
 * them (RFC 8785, which JSON.stringify follows for strings and numbers). Two extensions for what a node records:
 * bigints become decimal strings, and undefined members are left out.
 */

/** Nesting that no honest record has; also what ends a cycle. */
const MAX_DEPTH = 64;

/** Throws TypeError, naming the member, for what JSON cannot say: NaN, functions, class instances, cycles. */
export function canonicalJson(value: unknown): string {
  return write(value, 'payload', 0);
}

function write(value: unknown, path: string, depth: number): string {
  if (depth > MAX_DEPTH)
    throw new TypeError(`${path} is nested deeper than ${MAX_DEPTH}, or refers to itself`);
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${path} is ${value}, which JSON cannot say`);
      return JSON.stringify(value);
    case 'bigint':
      return `"${value}"`;
    case 'object':
      return value === null ? 'null' : writeObject(value, path, depth);
    default:
      throw new TypeError(`${path} is of type ${typeof value}, which JSON cannot say`);
  }
}

function writeObject(value: object, path: string, depth: number): string {
  if (Array.isArray(value)) {
    const items = value.map((item, index) => write(item, `${path}[${index}]`, depth + 1));
    return `[${items.join(',')}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`${path} is an instance of ${value.constructor.name}, not plain data`);
  }
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${write(member, `${path}.${key}`, depth + 1)}`);
  return `{${members.join(',')}}`;
}
