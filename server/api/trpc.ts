import { initTRPC, TRPCError } from '@trpc/server';
import { PING_MS, REOPEN_AFTER_MS } from './feedTimes.ts';
import type { Refused } from './operatorViews.ts';
import type { Rule } from './rules.ts';

/** What a procedure knows of the request it answers. Absent in calls that no HTTP request made. */
export interface ApiContext {
  readonly request?: {
    readonly headers: Headers;
    /** Set by the front for every request, whatever the client sent. */
    readonly address: string;
  };
  /** Of the answer. */
  readonly resHeaders?: Headers;
}

/** Why an order was not followed, beside tRPC's own code: stable, for programs. */
export class RefusedError extends TRPCError {
  readonly refused: Refused;
  constructor(code: TRPCError['code'], refused: Refused) {
    super({ code, message: refused.message });
    this.refused = refused;
  }
}

export const t = initTRPC
  .meta<{ readonly rule: Rule }>()
  .context<ApiContext>()
  .create({
    // Clients get the code and the sentence, never a stack.
    isDev: false,
    errorFormatter: ({ shape, error }) => {
      const refused = error instanceof RefusedError ? error.refused : null;
      // What nobody foresaw may carry anything in its message: a URL with a key, a path.
      const message =
        shape.data.code === 'INTERNAL_SERVER_ERROR' ? 'This could not be answered.' : shape.message;
      return {
        ...shape,
        message,
        data: { ...shape.data, reason: refused?.code ?? null, retryAfterMs: refused?.retryAfterMs ?? null },
      };
    },
    sse: {
      ping: { enabled: true, intervalMs: PING_MS },
      client: { reconnectAfterInactivityMs: REOPEN_AFTER_MS },
    },
  });
