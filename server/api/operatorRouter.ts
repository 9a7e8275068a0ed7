import { TRPCError } from '@trpc/server';
import { authorise, credentialsOf, fromOwnPage, operatorHandle } from './authorise.ts';
import {
  executeInput,
  pauseInput,
  previewInput,
  type Refused,
  type SessionView,
  signInInput,
  signOutInput,
} from './operatorViews.ts';
import type { Rule } from './rules.ts';
import { type ApiContext, RefusedError, t } from './trpc.ts';

/** Which HTTP status a refusal of the node travels with. */
const STATUS: Readonly<Record<string, TRPCError['code']>> = {
  wrong_confirmation: 'BAD_REQUEST',
  key_reused: 'BAD_REQUEST',
  no_such_target: 'BAD_REQUEST',
  no_sequencer: 'BAD_REQUEST',
  cooldown: 'TOO_MANY_REQUESTS',
  too_many_failures: 'TOO_MANY_REQUESTS',
  wrong_token: 'UNAUTHORIZED',
  unavailable: 'SERVICE_UNAVAILABLE',
  not_journaled: 'SERVICE_UNAVAILABLE',
};

function orRefused<Answer extends { readonly ok: true }>(answer: Answer | Refused): Answer {
  if (answer.ok) return answer;
  throw new RefusedError(STATUS[answer.code] ?? 'CONFLICT', answer);
}

/** A procedure that looks itself who calls, before anything else. */
const guarded = (rule: Rule, what: string) =>
  t.procedure
    .meta({ rule })
    .use(async ({ ctx, next }) => next({ ctx: { ...ctx, caller: await authorise(ctx, rule, what) } }));

/** About the asker's own session: a browser's, hence only for this server's own page. */
const ownPage = (rule: Rule) =>
  t.procedure.meta({ rule }).use(async ({ ctx, next }) => {
    if (ctx.request !== undefined && !fromOwnPage(ctx)) {
      throw new TRPCError({
        code: 'FORBIDDEN',
        message: 'Only the page of this server may ask for a session.',
      });
    }
    return next();
  });

const sessionOf = (context: ApiContext): SessionView => {
  const handle = operatorHandle();
  const identified = handle.identify(credentialsOf(context, handle.cookieName), false);
  if (identified.kind !== 'somebody') {
    return { signedIn: false, name: null, role: null, expiresAt: null, freshUntil: null };
  }
  const { name, role, expiresAt, fresh, freshUntil } = identified.caller;
  return { signedIn: true, name, role, expiresAt, freshUntil: fresh ? freshUntil : null };
};

/** `__Host-`: only over a connection that the browser trusts, for this host alone and the whole of it. */
const cookie = (name: string, value: string, maxAgeSeconds: number): string =>
  `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; Secure; SameSite=Strict`;

/**
 * What an operator may order. Part of the API only where a token is configured; each procedure decides itself whether
 * its caller may, whatever stands in front of it (reliability.md W10).
 */
export const operatorRouter = t.router({
  session: t.procedure.meta({ rule: 'session' }).query(({ ctx }) => sessionOf(ctx)),
  signIn: ownPage('sign_in')
    .input(signInInput)
    .mutation(async ({ ctx, input }) => {
      const handle = operatorHandle();
      const address = ctx.request?.address ?? 'this process';
      const { session, maxAgeSeconds, caller } = orRefused(await handle.signIn(input.token, address));
      ctx.resHeaders?.append('set-cookie', cookie(handle.cookieName, session, maxAgeSeconds));
      return { name: caller.name, role: caller.role, expiresAt: caller.expiresAt };
    }),
  signOut: ownPage('session')
    .input(signOutInput)
    .mutation(({ ctx }) => {
      const handle = operatorHandle();
      const { session } = credentialsOf(ctx, handle.cookieName);
      if (session !== null) handle.signOut(session);
      ctx.resHeaders?.append('set-cookie', cookie(handle.cookieName, '', 0));
      return { ok: true as const };
    }),
  preview: guarded('operator', 'resync preview')
    .input(previewInput)
    .mutation(async ({ input }) => orRefused(await operatorHandle().preview(input.target)).preview),
  execute: guarded('operator_fresh', 'resync')
    .input(executeInput)
    .mutation(async ({ input, ctx }) => orRefused(await operatorHandle().execute(input, ctx.caller))),
  pause: guarded('operator', 'pause')
    .input(pauseInput)
    .mutation(async ({ input, ctx }) => orRefused(await operatorHandle().pause(input, ctx.caller))),
  resume: guarded('operator', 'resume')
    .input(pauseInput)
    .mutation(async ({ input, ctx }) => orRefused(await operatorHandle().resume(input, ctx.caller))),
});
