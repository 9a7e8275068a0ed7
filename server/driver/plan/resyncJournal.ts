import type {
  Actor,
  ExecuteAnswer,
  ResyncPoint,
  ResyncProgress,
  ResyncRequest,
  ResyncTarget,
} from './resync.ts';

/** What an operator ordered, as the journal holds it. Read once at start; the chain never depends on it. */
export const OPERATOR_KINDS = [
  'operator.resync_accepted',
  'operator.resync_refused',
  'operator.resync_rewound',
  'operator.resync_done',
  'operator.resync_failed',
  'operator.paused',
  'operator.resumed',
] as const;

export interface JournaledOrder {
  readonly kind: string;
  readonly at: number;
  readonly ref: string | null;
  readonly payload: unknown;
}

export interface Paused {
  readonly by: string;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export type Pausable = 'driver' | 'sequencer';

export interface Restored {
  /** Answers given before, oldest first. */
  readonly answers: readonly { readonly request: ResyncRequest; readonly answer: ExecuteAnswer }[];
  /** The resync that the end of the process cut short; null when none was. */
  readonly open: ResyncProgress | null;
  readonly paused: Readonly<Record<Pausable, Paused | null>>;
}

interface Accepted {
  readonly id: string;
  readonly request: ResyncRequest;
  readonly actor: string;
  readonly target: ResyncTarget;
  readonly point: ResyncPoint;
}

/**
 * What earlier lives of this node left: an accepted resync without an outcome is taken up where it stopped (a rewind
 * is simply done again), answered keys stay answered, and who was paused stays paused.
 *
 * @param events of `OPERATOR_KINDS`, newest first
 */
export function restoreOrders(events: readonly JournaledOrder[], now: number): Restored {
  const answers: { request: ResyncRequest; answer: ExecuteAnswer }[] = [];
  const paused: Record<Pausable, Paused | null> = { driver: null, sequencer: null };
  let open: ResyncProgress | null = null;
  for (const event of [...events].reverse()) {
    const payload = (event.payload ?? {}) as Readonly<Record<string, unknown>>;
    const id = payload['id'];
    if (event.kind === 'operator.resync_accepted' && isAccepted(payload)) {
      answers.push({ request: payload.request, answer: { ok: true, id: payload.id } });
      open = begun(payload, actorOf(payload), event.at, now);
    } else if (event.kind === 'operator.resync_refused') {
      const refused = refusedAnswer(payload);
      if (refused !== null) answers.push(refused);
    } else if (event.kind === 'operator.resync_rewound') {
      if (open?.id === id) open = { ...open!, phase: 'rederiving', keptHead: payload['keptHead'] === true };
    } else if (event.kind === 'operator.resync_done' || event.kind === 'operator.resync_failed') {
      if (open?.id === id) open = null;
    } else if (event.kind === 'operator.paused' || event.kind === 'operator.resumed') {
      const part = payload['part'];
      if (part === 'driver' || part === 'sequencer') paused[part] = pausedBy(event.kind, payload, event.at);
    }
  }
  return { answers, open, paused };
}

function actorOf({ actor, role, via, from }: Readonly<Record<string, unknown>>): Actor {
  const text = (value: unknown, fallback: string): string => (typeof value === 'string' ? value : fallback);
  return {
    name: text(actor, 'an operator'),
    role: text(role, 'operator'),
    via: via === 'session' ? 'session' : 'token',
    address: text(from, 'not known'),
  };
}

const begun = (
  { id, request, target, point }: Accepted,
  actor: Actor,
  startedAt: number,
  now: number,
): ResyncProgress => ({
  id,
  phase: 'rewinding',
  target,
  point,
  actor,
  reason: request.reason,
  startedAt,
  endedAt: null,
  done: 0,
  of: 0,
  matches: 0,
  disagreements: 0,
  resumed: true,
  keptHead: false,
  note: 'taken up again after a restart',
  progressAt: now,
});

const isAccepted = (
  payload: Readonly<Record<string, unknown>>,
): payload is Accepted & Record<string, unknown> => {
  const { id, request, actor, point, target } = payload as Partial<Accepted>;
  return (
    typeof id === 'string' &&
    typeof request?.idempotencyKey === 'string' &&
    typeof actor === 'string' &&
    typeof target?.kind === 'string' &&
    typeof point?.batch === 'number' &&
    typeof point?.block?.hash === 'string'
  );
};

function refusedAnswer(payload: Readonly<Record<string, unknown>>): Restored['answers'][number] | null {
  const { request, code, message } = payload as {
    request?: ResyncRequest;
    code?: unknown;
    message?: unknown;
  };
  if (typeof request?.idempotencyKey !== 'string' || typeof message !== 'string' || typeof code !== 'string')
    return null;
  const answer = { ok: false, code, message, retryAfterMs: null } as ExecuteAnswer;
  return { request, answer };
}

function pausedBy(kind: string, payload: Readonly<Record<string, unknown>>, at: number): Paused | null {
  if (kind === 'operator.resumed') return null;
  const reason = payload['reason'];
  return {
    by: actorOf(payload).name,
    reason: typeof reason === 'string' ? reason : 'no reason was kept',
    since: at,
  };
}
