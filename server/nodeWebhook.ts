import type { Journal, JournalEvent } from './journal/journal.ts';
import type { Clock } from './lib/clock.ts';
import type { NodeMetrics } from './metrics/nodeMetrics.ts';
import type { RollupConfig } from './protocol/rollupConfig.ts';
import { sentenceOf } from './status/activity.ts';
import type { Secret } from './telemetry/secret.ts';
import type { SecretUrl } from './telemetry/secretUrl.ts';
import { cursorFile } from './webhook/cursorFile.ts';
import { guardedPost } from './webhook/guardedPost.ts';
import { Webhook } from './webhook/webhook.ts';

/** Where reorgs and verdicts are told, and with which key that is signed. */
export interface WebhookConfig {
  readonly url: SecretUrl;
  readonly secret: Secret<string>;
  /** File that says how far it has come. */
  readonly stateFile: string;
}

export interface WebhookParts {
  readonly journal: Pick<Journal, 'since'>;
  /** The newest event when the journal was opened. */
  readonly previous: JournalEvent | null;
  readonly clock: Clock;
  readonly metrics: NodeMetrics;
  readonly onChange: () => void;
}

export interface WebhookOf {
  readonly name: string;
  readonly config: Pick<RollupConfig, 'l1ChainId' | 'l2ChainId'>;
  /** Null, or left out: nobody is told. */
  readonly webhook?: WebhookConfig | null;
}

/** The webhook of a node that has one configured. It does nothing until it is started. */
export function nodeWebhook(
  { name, config: { l1ChainId, l2ChainId }, webhook }: WebhookOf,
  { journal, previous, clock, metrics, onChange }: WebhookParts,
): Webhook | null {
  if (!webhook) return null;
  const { url, secret, stateFile } = webhook;
  const node = { name, l1ChainId, l2ChainId };
  for (const result of ['delivered', 'retry', 'dead'])
    metrics.registry.count('webhook_deliveries_total', { result }, 0);
  return new Webhook(
    { host: url.host, node },
    {
      clock,
      journal,
      openedAt: previous?.seq ?? 0,
      secret,
      post: guardedPost(url),
      cursor: cursorFile(stateFile),
      sentenceOf,
      onChange,
      onResult: (result) => metrics.registry.count('webhook_deliveries_total', { result }),
    },
  );
}
