/** Times of the update feed that both ends must know: what the server promises, the page may rely on. */

/** A client is sent at most four updates a second; what changes in between is folded into the next one. */
export const MIN_INTERVAL_MS = 250;
/**
 * The first change after a quiet time is waited on for so long: changes come in bunches, and those of one step of the
 * driver go together after it, when the chain does not wait for the one thread that both share. Milliseconds.
 */
export const SETTLE_MS = 50;
/** A quiet node still says something this often, so that a page can tell quiet from dead and keep its clock. */
export const HEARTBEAT_MS = 4_000;
/** The stream says that it is alive this often; a page that hears nothing for three of these connects again. */
export const PING_MS = 2_000;
export const REOPEN_AFTER_MS = 3 * PING_MS;
