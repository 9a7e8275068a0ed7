import type { L1BlockId } from '../protocol/refs.ts';
import type { L1Account } from './ports.ts';
import type { InFlight } from './submitter.ts';

/** EIP-4844 GAS_PER_BLOB. */
const GAS_PER_BLOB = 131_072n;

export interface FundsView {
  /** Wei; null before it was read. */
  readonly balance: bigint | null;
  /** Batches that it pays for at the most that the newest commit may cost; null before there was one. */
  readonly batches: number | null;
}

/** Knows how long the committing account can go on paying. */
export class Funds {
  readonly #account: Pick<L1Account, 'balance'>;
  #balance: bigint | null = null;
  #cost: bigint | null = null;
  #at: string | null = null;

  constructor(deps: { account: Pick<L1Account, 'balance'> }) {
    this.#account = deps.account;
  }

  /** One call for each new L1 block. */
  async step(at: L1BlockId, flight: InFlight | null, signal?: AbortSignal): Promise<void> {
    if (flight !== null) this.#cost = mostItCosts(flight);
    if (this.#at === at.hash) return;
    this.#balance = await this.#account.balance(at, signal);
    this.#at = at.hash;
  }

  view(): FundsView {
    const [balance, cost] = [this.#balance, this.#cost];
    const known = balance !== null && cost !== null && cost > 0n;
    return { balance, batches: known ? Number(balance / cost) : null };
  }
}

const mostItCosts = ({ gas, fees, call }: Pick<InFlight, 'gas' | 'fees' | 'call'>): bigint =>
  gas * fees.maxFeePerGas + BigInt(call.blobs.length) * GAS_PER_BLOB * (fees.maxFeePerBlobGas ?? 0n);
