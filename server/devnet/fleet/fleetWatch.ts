/** Watches what every node shows as its head, from outside: as a wallet would see it. */
import { isAbort } from '../../lib/abort.ts';
import type { Clock } from '../../lib/clock.ts';
import { SteppableLoop } from '../../lib/loop.ts';
import type { Address, Hash, Hex } from '../../protocol/refs.ts';
import { httpRpc } from '../../sequencer/httpRpc.ts';
import type { JsonRpc } from '../../sequencer/ports.ts';
import type { FleetNode } from './fleet.ts';
import type { SeenBlock, UserTransaction } from './invariants.ts';

interface WireTransaction {
  readonly hash: Hash;
  readonly type: Hex;
  readonly from: Address;
  readonly nonce: Hex;
}

interface WireBlock {
  readonly number: Hex;
  readonly hash: Hash;
  readonly parentHash: Hash;
  readonly transactions: readonly WireTransaction[];
}

/** When each node was first seen with a block at or below its head, milliseconds since 1970, by name. */
export type Sightings = ReadonlyMap<string, number>;

export interface FleetWatch {
  start(): void;
  stop(): Promise<void>;
  seen(): readonly SeenBlock[];
  sightings(hash: Hash): Sightings;
}

const PRIVILEGED = '0x7e';
const RPC_TIMEOUT_MS = 3_000;
/** Blocks that may have come between two looks. */
const DEEPEST_WALK = 600;

/** Asks each node every `everyMs` milliseconds. A node that does not answer is asked again. */
export function watchFleet(
  { names, everyMs }: { readonly names: readonly string[]; readonly everyMs: number },
  { clock, node }: { readonly clock: Clock; readonly node: (name: string) => FleetNode },
): FleetWatch {
  const book = new Map<Hash, { block: SeenBlock; sightings: Map<string, number>; parent: Hash }>();
  const loops = names.map((name) => {
    const look = async (signal: AbortSignal): Promise<void> => {
      const { engineRpc, state } = node(name);
      if (engineRpc === null || state.kind !== 'running') return;
      const rpc = httpRpc(engineRpc, { timeoutMs: RPC_TIMEOUT_MS });
      let next = await headOf(rpc, signal);
      const at = clock.now();
      for (let walked = 0; next !== null && walked < DEEPEST_WALK; walked++) {
        const known = book.get(next.hash);
        if (known?.sightings.has(name)) return;
        const block = known ?? (await fetchBlock(rpc, next.hash, signal));
        if (block === null) return;
        block.sightings.set(name, at);
        book.set(next.hash, block);
        next = block.block.number <= 1 ? null : { hash: block.parent };
      }
    };
    return new SteppableLoop(
      { name: `watch of ${name}`, idleMs: everyMs },
      {
        clock,
        unit: async (signal) => {
          // A node that is being killed is part of what is watched.
          await look(signal).catch((error: unknown) => {
            if (isAbort(error, signal) && signal.aborted) throw error;
          });
          return 'idle';
        },
        onError: () => {},
      },
    );
  });
  return {
    start: () => {
      for (const loop of loops) loop.start();
    },
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
    seen: () =>
      [...book.values()].map(({ block, sightings }) => ({ ...block, shownBy: [...sightings.keys()] })),
    sightings: (hash) => book.get(hash)?.sightings ?? new Map(),
  };
}

async function headOf(rpc: JsonRpc, signal: AbortSignal): Promise<{ hash: Hash } | null> {
  return (await rpc.request('eth_getBlockByNumber', ['latest', false], signal)) as { hash: Hash } | null;
}

async function fetchBlock(rpc: JsonRpc, hash: Hash, signal: AbortSignal) {
  const wire = (await rpc.request('eth_getBlockByHash', [hash, true], signal)) as WireBlock | null;
  if (wire === null) return null;
  const transactions = wire.transactions
    .filter(({ type }) => type !== PRIVILEGED)
    .map(
      ({ hash: tx, from, nonce }): UserTransaction => ({ hash: tx, from: lower(from), nonce: Number(nonce) }),
    );
  const block: SeenBlock = { number: Number(wire.number), hash, transactions, shownBy: [] };
  return { block, sightings: new Map<string, number>(), parent: wire.parentHash };
}

const lower = (address: Address): Address => address.toLowerCase() as Address;
