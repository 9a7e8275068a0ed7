import { describe, expect, it } from 'vitest';
import { EngineError } from '../engine/engine.ts';
import type { ForkchoiceState } from '../protocol/forkchoice.ts';
import { l2Chain } from '../testing/stringChain.ts';
import { StringEngine } from '../testing/stringEngine.ts';
import { rewindHead } from './rewind.ts';

const signal = new AbortController().signal;
const [, , , target] = l2Chain('ABCD');

/** As geth: an update to an ancestor more than `limit` blocks back is -38006. */
class LimitedEngine extends StringEngine {
  readonly #limit: number;
  setHead?: (number: number) => Promise<void>;
  constructor(chain: string, limit: number, options: { forced: boolean }) {
    super(chain);
    this.#limit = limit;
    if (options.forced) {
      this.setHead = async (number) => this.moveHead(chain.slice(0, number + 1));
    }
  }
  override async forkchoiceUpdated(state: ForkchoiceState) {
    const { latest } = await this.labels();
    const wanted = await this.blockByHash(state.headBlockHash);
    if (wanted !== null && latest.number - wanted.number > this.#limit) {
      throw new EngineError('too_deep_reorg', 'engine_forkchoiceUpdatedV3', 'too deep', -38006);
    }
    return super.forkchoiceUpdated(state);
  }
}

const heads = async (engine: StringEngine) => {
  const { latest, safe } = await engine.labels();
  return [latest.number, safe?.number];
};

describe('taking the head back', () => {
  it('moves head and safe label where the engine does it', async () => {
    const engine = new LimitedEngine('ABCDEFGH', 4, { forced: false });
    const done = await rewindHead(engine, target!, await engine.labels(), signal);
    expect([done.keptHead, await heads(engine)]).toEqual([null, [3, 3]]);
  });

  it.each([
    ['-38006', () => new LimitedEngine('ABCDEFGH', 3, { forced: false })],
    ['VALID without moving', () => new StringEngine('ABCDEFGH', { keepsHeadOnAncestor: true })],
  ])('after %s lowers the safe label alone and says which head is kept', async (_, open) => {
    const engine = open();
    const done = await rewindHead(engine, target!, await engine.labels(), signal);
    expect([done.keptHead?.number, await heads(engine)]).toEqual([7, [7, 3]]);
  });

  it('forces it only where the operator allowed that', async () => {
    const engine = new LimitedEngine('ABCDEFGH', 3, { forced: true });
    const done = await rewindHead(engine, target!, await engine.labels(), signal);
    expect([done.keptHead, await heads(engine)]).toEqual([null, [3, 3]]);
  });

  it('passes every other error on', async () => {
    const engine = new StringEngine('ABCDEFGH');
    engine.failNext('forkchoiceUpdated', 'timeout');
    const call = rewindHead(engine, target!, await engine.labels(), signal);
    await expect(call).rejects.toMatchObject({ code: 'timeout' });
  });
});
