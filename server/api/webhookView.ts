import { z } from 'zod';

/** What a webhook sends and what the status says of it. The body's shape is versioned: fields are only ever added. */
export const WEBHOOK_SCHEMA = 'plumbline.webhook/1';

export const webhookBody = z.object({
  schema: z.literal(WEBHOOK_SCHEMA),
  /** The same in every try, and of no other event: a receiver that knows it already has nothing to do. */
  id: z.string(),
  /** Of the event in the node's journal. */
  seq: z.number().int().positive(),
  /** When it happened, milliseconds since 1970. */
  at: z.number(),
  kind: z.enum(['reorg.detected', 'reorg.recovered', 'verdict.changed']),
  sentence: z.string(),
  node: z.object({ name: z.string(), l1ChainId: z.number().int(), l2ChainId: z.number().int() }),
  /** Page of the node's dashboard. */
  path: z.string(),
  /** The event's payload, as /api/v1/activity has it. */
  data: z.unknown(),
});

export const webhookView = z.object({
  /** Where to, without path or credentials. */
  host: z.string(),
  /** Events that wait, the one that is being tried included. */
  pending: z.number().int(),
  lastDeliveredAt: z.number().nullable(),
  failing: z.object({ seq: z.number().int(), tries: z.number().int(), message: z.string() }).nullable(),
  /** Given up after all tries, newest first. */
  dead: z.array(
    z.object({
      seq: z.number().int(),
      kind: z.string(),
      at: z.number(),
      gaveUpAt: z.number(),
      message: z.string(),
    }),
  ),
});

export type WebhookBody = z.infer<typeof webhookBody>;
export type WebhookView = z.infer<typeof webhookView>;
