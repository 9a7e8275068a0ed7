/** Somebody has to verify, and anyone may: one account of the devnet's does it for all nodes, as a prover would. */
import type { Clock } from '../../lib/clock.ts';
import { type Pace, SteppableLoop } from '../../lib/loop.ts';
import type { Address, Hex } from '../../protocol/refs.ts';
import { BatchVerifier } from '../../sequencer/batchVerifier.ts';
import { RpcL1Account } from '../../sequencer/l1Account.ts';
import { L1Contracts } from '../../sequencer/l1Contracts.ts';
import { LocalSigner } from '../../sequencer/localSigner.ts';
import type { JsonRpc } from '../../sequencer/ports.ts';

export interface VerifyLoopOptions {
  readonly proposer: Address;
  readonly bridge: Address;
  readonly registry: Address;
  readonly l1ChainId: number;
  readonly privateKey: Hex;
  /** A batch is verified when this many were committed after it. */
  readonly lagBatches: number;
  /** Milliseconds between two looks at L1. */
  readonly pollMs: number;
}

export interface VerifyLoop {
  /** One look, and one verification where there is something to verify. Never rejects. */
  step(): Promise<Pace>;
  start(): void;
  stop(): Promise<void>;
  /** What went wrong in the newest look that failed; null while none has. */
  lastError(): string | null;
}

const GWEI = 10n ** 9n;
const RESUBMIT_AFTER_MS = 15_000;
const MAX_BATCHES = 8;

/** It journals nothing: that a batch is verified is to be read on L1. */
export function createVerifyLoop(
  options: VerifyLoopOptions,
  { clock, rpc }: { readonly clock: Clock; readonly rpc: JsonRpc },
): VerifyLoop {
  const contracts = new L1Contracts(options, { rpc });
  const signer = new LocalSigner({ privateKey: options.privateKey }, { kzg: null });
  const verifier = new BatchVerifier(
    {
      proposer: options.proposer,
      lagBatches: options.lagBatches,
      maxBatches: MAX_BATCHES,
      resubmitAfterMs: RESUBMIT_AFTER_MS,
      maxFeePerGas: 500n * GWEI,
      maxFeePerBlobGas: 500n * GWEI,
    },
    {
      clock,
      account: new RpcL1Account({ chainId: options.l1ChainId }, { rpc, signer }),
      journal: {
        append: async (kind, payload, ref) => ({ seq: 0, at: clock.now(), kind, ref: ref ?? null, payload }),
      },
    },
  );
  let lastError: string | null = null;
  const loop = new SteppableLoop(
    { name: 'verifier', idleMs: options.pollMs },
    {
      clock,
      unit: async (signal) => {
        await verifier.step(await contracts.snapshot(signal), signal);
        return 'idle';
      },
      onError: (error) => {
        lastError = error instanceof Error ? error.message : String(error);
      },
    },
  );
  return {
    step: () => loop.step(),
    start: () => loop.start(),
    stop: () => loop.stop(),
    lastError: () => lastError,
  };
}
