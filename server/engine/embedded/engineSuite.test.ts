import { engineSuite } from '../engineSuite.ts';
import { openEmbeddedEngine } from './open.ts';

engineSuite(
  'the embedded engine',
  async (genesis) => {
    const secret = new Uint8Array(32).fill(0x5e);
    const embedded = await openEmbeddedEngine({ genesis, http: { port: 0, jwtSecret: secret } });
    return { url: embedded.httpUrl!, secret, close: () => embedded.close() };
  },
  {
    rewindLimit: null,
    belowFinalized: 'done',
    atomicForkchoice: true,
    zeroHead: 'invalid_forkchoice_state',
    buildMs: 0,
  },
);
