/**
 * The engine suite on an engine of your choice: docs/engines.md, "Any engine". Run by name alone
 * (`vitest run --project other-engine`), because what it runs on is not part of this project.
 */

import type { EngineTraits } from '../testing/engineBench.ts';
import { startOtherEngine } from '../testing/otherEngine.ts';
import { engineSuite } from './engineSuite.ts';

const command = process.env['PLUMBLINE_OTHER_ENGINE'];
if (command === undefined) {
  throw new Error(
    'PLUMBLINE_OTHER_ENGINE is not set: it names the command that starts an engine (docs/engines.md).',
  );
}

/** What the specification asks for, unless PLUMBLINE_OTHER_TRAITS says otherwise. */
const traits: EngineTraits = {
  rewindLimit: null,
  belowFinalized: 'skipped',
  atomicForkchoice: true,
  zeroHead: 'invalid_forkchoice_state',
  buildMs: 500,
  ...(JSON.parse(process.env['PLUMBLINE_OTHER_TRAITS'] ?? '{}') as Partial<EngineTraits>),
};

engineSuite('an engine of your choice', (genesis) => startOtherEngine(command, genesis), traits);
