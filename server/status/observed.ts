import type { ObservedView } from '../api/views.ts';
import type { Observed } from '../driver/state.ts';
import type { L2BlockId } from '../protocol/refs.ts';

const idOf = (id: L2BlockId | null) => id && { number: id.number, hash: id.hash };

/** An observed node in the words of the API. */
export const observedView = ({
  own,
  divergence,
  ethrex,
  health,
  disagreements,
  ...rest
}: Observed): ObservedView => ({
  ...rest,
  divergence: divergence && { ...divergence },
  own: { safe: idOf(own.safe), finalized: idOf(own.finalized) },
  ethrex: ethrex && { batchNumber: ethrex.batchNumber, batch: ethrex.batch && { ...ethrex.batch } },
  health: health && { ...health },
  disagreements: disagreements.map((one) => ({ ...one })),
});
