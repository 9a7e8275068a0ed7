import { createHash } from 'node:crypto';

/** Hashes and addresses that follow from a label, so that two runs show the same picture. */
export const hashOf = (label: string): string => `0x${createHash('sha256').update(label).digest('hex')}`;
export const addressOf = (label: string): string => hashOf(label).slice(0, 42);

export const SEQUENCERS = [
  addressOf('sequencer a'),
  addressOf('sequencer b'),
  addressOf('sequencer c'),
] as const;
