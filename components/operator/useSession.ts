'use client';

import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { SessionView } from '../../server/api/views.ts';
import { useApi, useLive } from '../live/LiveProvider.tsx';

const KEY = ['operator', 'session'] as const;
const LOOK_AGAIN_MS = 60_000;

export interface OperatorSession {
  /** False where no token is configured: nothing can be ordered. */
  readonly enabled: boolean;
  /** Null before the server said. */
  readonly session: SessionView | null;
  readonly mayOrder: boolean;
  signIn(token: string): Promise<void>;
  signOut(): Promise<void>;
  refresh(): Promise<void>;
}

/** Who is signed in on this page. The session itself is a cookie that no script can read. */
export function useSession(): OperatorSession {
  const api = useApi();
  const queries = useQueryClient();
  const { answer } = useLive();
  const enabled = answer.kind === 'status' && answer.status.operator.enabled;
  const { data } = useQuery({
    queryKey: KEY,
    queryFn: () => api.operator.session.query(),
    enabled,
    refetchInterval: LOOK_AGAIN_MS,
    retry: false,
  });
  const session = enabled ? (data ?? null) : null;
  const refresh = async (): Promise<void> => {
    await queries.invalidateQueries({ queryKey: KEY });
  };
  return {
    enabled,
    session,
    mayOrder: session?.signedIn === true && session.role !== 'viewer',
    signIn: async (token) => {
      await api.operator.signIn.mutate({ token });
      const now = await queries.fetchQuery({
        queryKey: KEY,
        queryFn: () => api.operator.session.query(),
        staleTime: 0,
      });
      if (!now.signedIn) {
        throw new Error('cookie');
      }
    },
    signOut: async () => {
      await api.operator.signOut.mutate({});
      await refresh();
    },
    refresh,
  };
}
