/** Stretches of time that lists are cut to. */
export const RANGES = [
  { id: '', word: 'all time', ms: null },
  { id: '1h', word: 'last hour', ms: 3_600_000 },
  { id: '24h', word: 'last 24 hours', ms: 86_400_000 },
  { id: '7d', word: 'last 7 days', ms: 7 * 86_400_000 },
] as const;

/** Where a range begins, cut to whole minutes so that the same view asks the same; undefined for all time. */
export const rangeStart = (id: string | null, now: number): number | undefined => {
  const ms = RANGES.find((range) => range.id === id)?.ms ?? null;
  return ms === null ? undefined : Math.floor((now - ms) / 60_000) * 60_000;
};
