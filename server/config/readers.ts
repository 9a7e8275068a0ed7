import { z } from 'zod';
import { keccak256Hex } from '../protocol/keccak.ts';
import { type Address, type Hash, ZERO_ADDRESS } from '../protocol/refs.ts';
import { Secret } from '../telemetry/secret.ts';
import { SecretUrl } from '../telemetry/secretUrl.ts';

/** How the values of the configuration are read from text. Each reader's message completes "expected …". */

/** A schema from a function that reads the text, or answers undefined when the text is not what is expected. */
function reader<T>(expected: string, read: (text: string) => T | undefined): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const value = read(text.trim());
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}

export const text = (expected: string, pattern: RegExp): z.ZodType<string, string> =>
  reader(expected, (value) => (pattern.test(value) ? value : undefined));

export const path = text('a path', /^[^\0]+$/);

export const integer = (min: number, max: number, what: string): z.ZodType<number, string> =>
  reader(`${what}, a whole number from ${min} to ${max}`, (value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    return number >= min && number <= max ? number : undefined;
  });

export const choice = <const T extends string>(values: readonly T[]): z.ZodType<T, string> =>
  reader(`one of ${values.join(', ')}`, (value) => values.find((one) => one === value));

export const HTTP = ['http:', 'https:'];
export const url = (schemes: readonly string[]): z.ZodType<SecretUrl, string> =>
  reader(`a URL that begins with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`, (value) => {
    return SecretUrl.parse(value, schemes) ?? undefined;
  });

export const urls = reader(
  'one or more URLs that begin with http:// or https://, separated by commas',
  (value) => {
    const parsed = value.split(',').map((part) => SecretUrl.parse(part.trim(), HTTP));
    return parsed.every((one) => one !== null) ? parsed : undefined;
  },
);

/** Kept whole: a password may stand in it, and the driver's own parser is the judge of the rest. */
export const databaseUrl = reader('a URL that begins with postgres:// or postgresql://', (value) =>
  /^postgres(ql)?:\/\/\S+$/.test(value) ? new Secret(value) : undefined,
);

const ADDRESS = '20 bytes as 0x and 40 hex digits, in one case or with a correct EIP-55 checksum';
export const address = reader(ADDRESS, readAddress);
export const hash = reader('32 bytes as 0x and 64 hex digits', (value): Hash | undefined =>
  /^0x[0-9a-fA-F]{64}$/.test(value) ? (value.toLowerCase() as Hash) : undefined,
);
export const realAddress = reader(`${ADDRESS}, not the zero address`, (value) => {
  const read = readAddress(value);
  return read === ZERO_ADDRESS ? undefined : read;
});

/** EIP-55: a letter is a capital where the hash of the lower-case digits has a nibble of 8 or more. */
function readAddress(value: string): Address | undefined {
  const digits = /^0x([0-9a-fA-F]{40})$/.exec(value)?.[1];
  if (digits === undefined) return undefined;
  const lower = digits.toLowerCase();
  if (digits !== lower && digits !== digits.toUpperCase() && digits !== checksummed(lower)) return undefined;
  return `0x${lower}`;
}

function checksummed(lower: string): string {
  const hash = keccak256Hex(new TextEncoder().encode(lower)).slice(2);
  return [...lower]
    .map((char, index) => (Number.parseInt(hash[index]!, 16) >= 8 ? char.toUpperCase() : char))
    .join('');
}
