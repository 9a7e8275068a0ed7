import { createTRPCClient, httpLink, httpSubscriptionLink, splitLink } from '@trpc/client';
import type { AppRouter } from '../../server/api/router.ts';

const API_URL = '/api/trpc';

/** One client a page. Updates come over server-sent events, everything else by plain GET. */
export const createApiClient = () =>
  createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (op) => op.type === 'subscription',
        true: httpSubscriptionLink({ url: API_URL }),
        false: httpLink({ url: API_URL }),
      }),
    ],
  });

export type ApiClient = ReturnType<typeof createApiClient>;
