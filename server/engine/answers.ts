import { z } from 'zod';
import type { PayloadStatus } from '../protocol/forkchoice.ts';
import type { Address, Hash, L2BlockRef } from '../protocol/refs.ts';
import { EngineError } from './engine.ts';

/** Schemas of what engines answer. An engine is not trusted to follow them: a misfit is `bad_answer`. */
export const hash = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/)
  .transform((text) => text.toLowerCase() as Hash);

export const safeQuantity = z
  .string()
  .regex(/^0x[0-9a-fA-F]{1,16}$/)
  .transform((text, context) => {
    const value = Number(text);
    if (Number.isSafeInteger(value)) return value;
    context.addIssue({ code: 'custom', message: `${text} is above 2^53 - 1` });
    return z.NEVER;
  });

export const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .transform((text) => text.toLowerCase() as Address);

const payloadStatus = z
  .object({
    status: z.enum(['VALID', 'INVALID', 'SYNCING', 'ACCEPTED', 'INVALID_BLOCK_HASH']),
    latestValidHash: hash.nullish(),
    validationError: z.string().nullish(),
  })
  .transform(({ status, latestValidHash, validationError }): PayloadStatus => {
    if (status === 'VALID') return { status, latestValidHash: latestValidHash ?? null };
    if (status === 'SYNCING' || status === 'ACCEPTED') return { status };
    // INVALID_BLOCK_HASH is the first version's name for an INVALID that no branch explains.
    const explained = validationError ?? (status === 'INVALID' ? null : 'block hash mismatch');
    return { status: 'INVALID', latestValidHash: latestValidHash ?? null, validationError: explained };
  });

export const answers = {
  payloadStatus,
  forkchoice: z.object({
    payloadStatus,
    payloadId: z
      .string()
      .regex(/^0x[0-9a-fA-F]{16}$/)
      .transform((text) => text as Hash)
      .nullish()
      .transform((id) => id ?? null),
  }),
  capabilities: z.array(z.string()),
  chainId: safeQuantity,
  /** Shown to people: no more of it than fits a line. */
  version: z.string().transform((text) => text.slice(0, 100)),
  blockRef: z
    .object({ number: safeQuantity, hash, parentHash: hash, timestamp: safeQuantity })
    .transform((ref): L2BlockRef => ref)
    .nullable(),
} as const;

/** Reads an answer by its schema. Throws EngineError `bad_answer` with the first misfit. */
export function readAnswer<T>(schema: z.ZodType<T, unknown>, method: string, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join('.') ?? '';
  throw new EngineError(
    'bad_answer',
    method,
    `${method}: ${where} ${issue?.message ?? 'is malformed'}`.trim(),
  );
}
