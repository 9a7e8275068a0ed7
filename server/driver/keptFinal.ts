import type { L2BlockRef } from '../protocol/refs.ts';
import type { EngineLabels, EngineReads } from './ports.ts';

/**
 * What an engine once showed as finalized stays so while its chain holds it. Labels asked for through something that
 * lags, or of an engine that forgot them with its memory, show an older one or none: named in the next update, that
 * would take back what is final, and a rewind below it would not be seen for what it is.
 */
export class KeptFinal {
  #final: L2BlockRef | null = null;
  #lacks = false;

  /** The engine showed less than it had: the label is to be set again. */
  get lacks(): boolean {
    return this.#lacks;
  }

  /** The labels with the finalized block that counts. Costs one question, and only when the engine shows less. */
  async of(
    labels: EngineLabels,
    engine: Pick<EngineReads, 'blockByNumber'>,
    signal?: AbortSignal,
  ): Promise<EngineLabels> {
    const ours = this.#final;
    this.#lacks = false;
    if (ours !== null && ours.number > (labels.finalized?.number ?? -1)) {
      const held = await engine.blockByNumber(ours.number, signal);
      if (held?.hash === ours.hash) {
        this.#lacks = true;
        return { ...labels, finalized: ours };
      }
    }
    this.#final = labels.finalized;
    return labels;
  }
}
