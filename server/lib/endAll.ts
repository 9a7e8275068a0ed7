/**
 * Waits for the end of all of these, which began together: one that takes long holds up none of the others, and one that
 * fails is reported and hides none of theirs. Left out parts are fine. Never rejects.
 */
export async function endAll(
  parts: readonly (Promise<unknown> | undefined)[],
  onError: (error: unknown) => void,
): Promise<void> {
  for (const end of await Promise.allSettled(parts)) if (end.status === 'rejected') onError(end.reason);
}
