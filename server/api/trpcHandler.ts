import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { currentNode } from '../runtime.ts';
import { ADDRESS_HEADER } from './requestFacts.ts';
import { routerOf } from './router.ts';

/** Answers one tRPC request: queries and the update stream by GET, so that no link changes anything; orders by POST. */
export const answerTrpc = (req: Request): Promise<Response> =>
  fetchRequestHandler({
    endpoint: '/api/trpc',
    req,
    router: routerOf(currentNode()),
    createContext: ({ resHeaders }) => ({
      request: { headers: req.headers, address: req.headers.get(ADDRESS_HEADER) ?? 'not known' },
      resHeaders,
    }),
    // One procedure a request: a batch would let one request ask for everything, or order it, many times over.
    allowBatching: false,
  });
