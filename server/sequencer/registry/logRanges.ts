import { BlockRanges } from '../../lib/blockRanges.ts';

/** Ranges of whichever node answers the sequencer, up to what is configured; a refused one is halved. */
export class LogRanges extends BlockRanges {
  constructor({ maxRange }: { readonly maxRange: number }) {
    super({
      most: maxRange,
      smaller: (error, blocks) => (mayBeTooMuch(error) ? Math.floor(blocks / 2) : null),
    });
  }
}

/**
 * Nodes word their limits in dozens of ways, as errors, HTTP statuses and silence, so every refusal counts as one
 * but that of a node which cannot be reached: asking that for less is in vain.
 */
function mayBeTooMuch(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (typeof code === 'number') return true;
  return code === 'timeout' || (typeof code === 'string' && code.startsWith('http_'));
}
