/**
 * Finds the highest position in [low, high] whose probe answers true, given that answers are true up to some
 * position and false from there on: "is our hash at this L1 number still L1's?", "does the engine hold this
 * batch?", "is this block of ours the same?". Yields the position to probe next, takes the answer by `next`,
 * returns the position, or null if none is true.
 *
 * Most reorgs are shallow and most restarts clean, so it gallops down from the top (high, −1, −2, −4, −8 …)
 * and bisects the last stride: 2 probes when one is missing, at most 2·log2(depth) + 2 for any depth.
 */
export function* searchLastMatch(low: number, high: number): Generator<number, number | null, boolean> {
  if (low > high) return null;
  if (yield high) return high;
  let mismatch = high;
  let match: number | null = null;
  for (let stride = 1; match === null && mismatch > low; stride *= 2) {
    const position = Math.max(low, high - stride);
    if (yield position) match = position;
    else mismatch = position;
  }
  if (match === null) return null;
  let below: number = match;
  while (mismatch - below > 1) {
    const middle: number = below + Math.floor((mismatch - below) / 2);
    if (yield middle) below = middle;
    else mismatch = middle;
  }
  return below;
}

/** Runs a search against an answerer, one probe at a time. A rejected probe ends it with that rejection. */
export async function runSearch(
  search: Generator<number, number | null, boolean>,
  probe: (position: number) => Promise<boolean>,
): Promise<number | null> {
  let step = search.next();
  while (!step.done) step = search.next(await probe(step.value));
  return step.value;
}
