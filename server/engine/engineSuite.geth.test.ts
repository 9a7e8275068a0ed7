import { startGeth } from '../testing/geth.ts';
import { engineSuite } from './engineSuite.ts';

engineSuite(
  'geth',
  async (genesis) => {
    const geth = await startGeth({ genesis });
    return { url: geth.engineUrl, secret: geth.secret, close: () => geth.stop() };
  },
  {
    // `--engine.maxreorgdepth`, 32 unless set.
    rewindLimit: 32,
    belowFinalized: 'skipped',
    atomicForkchoice: false,
    zeroHead: 'INVALID',
    buildMs: 500,
  },
);
