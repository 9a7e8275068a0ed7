/** Why an order was not followed: a stable code, one sentence, and when asking again makes sense. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs: number | null;
}

const UNREACHABLE: Refusal = {
  code: 'unreachable',
  message: 'This page’s server did not answer. Whether the order arrived shows in the activity.',
  retryAfterMs: null,
};

/** What an API error says, whatever it is. The server's sentences are meant for people; anything else is not shown. */
export function refusalOf(error: unknown): Refusal {
  const { data, message } = (error ?? {}) as { readonly data?: unknown; readonly message?: unknown };
  if (typeof data !== 'object' || data === null || typeof message !== 'string') return UNREACHABLE;
  const { reason, code, retryAfterMs } = data as Readonly<Record<string, unknown>>;
  if (reason === null || reason === undefined) {
    if (code === 'BAD_REQUEST')
      return { code: 'not_understood', message: firstIssue(message), retryAfterMs: null };
    return { code: String(code), message: 'The server could not answer this.', retryAfterMs: null };
  }
  return {
    code: String(reason),
    message,
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : null,
  };
}

/** Zod's issues come as JSON text; the first one names what to mend. */
function firstIssue(message: string): string {
  try {
    const [issue] = JSON.parse(message) as readonly {
      readonly path?: readonly unknown[];
      readonly message?: unknown;
    }[];
    return `${String(issue?.path?.join(' ') ?? 'The order')}: ${String(issue?.message)}.`;
  } catch {
    return 'The server did not understand the order.';
  }
}
