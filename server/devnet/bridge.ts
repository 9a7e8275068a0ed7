/** The devnet's side of the L1 bridge: sending messages to L2 and reading them back. */
import { encodeFunctionData, parseEventLogs } from 'viem';
import { fromHex, toHex } from '../protocol/bytes.ts';
import { commonBridgeAbi } from '../protocol/contractsAbi.ts';
import type { L1Message, PrivilegedTransactionInput } from '../protocol/privileged.ts';
import type { Address, Hash, Hex, L1BlockId } from '../protocol/refs.ts';
import type { L1Wallet } from './l1Wallet.ts';

/** The L2 end of the bridge: sender and receiver of every deposit. */
export const L2_BRIDGE: Address = '0x000000000000000000000000000000000000ffff';
/** Gas that the bridge gives a deposit on L2, and burns on L1. */
export const DEPOSIT_GAS_LIMIT = 105_000n;
/** `mintETH(address)`, what a deposit calls on L2. */
export const MINT_ETH_SELECTOR: Hex = '0xb0f4d395';

/** A message as `sendToL2` takes it. */
export interface Outgoing {
  readonly to: Address;
  readonly gasLimit: bigint;
  /** wei, from the sender's balance on L2. */
  readonly value: bigint;
  readonly data: Hex;
}

/** One `PrivilegedTxSent` log. */
export interface SentMessage extends Omit<L1Message, 'chainId'> {
  /** Who called the bridge on L1; `from` is who L2 sees. */
  readonly l1From: Address;
  readonly to: Address;
  readonly l1Block: L1BlockId;
  readonly txHash: Hash;
}

export const depositCall = (recipient: Address): Hex =>
  encodeFunctionData({ abi: commonBridgeAbi, functionName: 'deposit', args: [recipient] });

export const sendToL2Call = (message: Outgoing): Hex =>
  encodeFunctionData({ abi: commonBridgeAbi, functionName: 'sendToL2', args: [message] });

/** Enough for the hash, the storage and the event, on top of what the bridge burns. */
const SEND_GAS = 250_000n;

/** Deposits `value` wei for `recipient`. Resolves when it is sent: `wallet.wait` says when it is mined. */
export const deposit = (
  wallet: L1Wallet,
  bridge: Address,
  { recipient, value }: { readonly recipient: Address; readonly value: bigint },
): Promise<Hash> =>
  wallet.send({ to: bridge, data: depositCall(recipient), value, gas: DEPOSIT_GAS_LIMIT + SEND_GAS });

/** Sends any message; L2 sees the wallet's address as its sender. Resolves when it is sent. */
export const sendToL2 = (wallet: L1Wallet, bridge: Address, message: Outgoing): Promise<Hash> =>
  wallet.send({ to: bridge, data: sendToL2Call(message), gas: gasOfSend(message) });

/** Gas on L1 that is certain to suffice for `sendToL2`: what is burnt, the calldata, and the rest. */
export const gasOfSend = ({ gasLimit, data }: Outgoing): bigint =>
  gasLimit + SEND_GAS + 60n * BigInt(data.length / 2);

/** Messages sent in L1 blocks [from, to] of the canonical branch, in the order of their ids. */
export async function sentMessages(
  client: L1Wallet['client'],
  bridge: Address,
  from: number,
  to: number,
): Promise<readonly SentMessage[]> {
  const logs = await client.getLogs({ address: bridge, fromBlock: BigInt(from), toBlock: BigInt(to) });
  const parsed = parseEventLogs({ abi: commonBridgeAbi, eventName: 'PrivilegedTxSent', logs });
  return parsed.map(({ args, blockNumber, blockHash, transactionHash }) => ({
    l1From: lower(args.l1From),
    from: lower(args.from),
    to: lower(args.to),
    messageId: args.transactionId,
    value: args.value,
    gasLimit: args.gasLimit,
    data: fromHex(args.data),
    l1Block: { number: Number(blockNumber), hash: blockHash },
    txHash: transactionHash,
  }));
}

/** The 0x7e transaction that includes a message. Its fees are the block builder's choice and nobody pays them. */
export const privilegedInput = (
  message: Omit<L1Message, 'chainId'>,
  { l2ChainId, gasPrice }: { readonly l2ChainId: number; readonly gasPrice: bigint },
): PrivilegedTransactionInput => ({
  chainId: BigInt(l2ChainId),
  from: message.from,
  to: message.to,
  messageId: message.messageId,
  value: message.value,
  gasLimit: message.gasLimit,
  data: message.data,
  maxFeePerGas: gasPrice,
  maxPriorityFeePerGas: gasPrice,
});

/** The recipient when the message is what `deposit` sends, else null. */
export function depositRecipient(message: Omit<L1Message, 'chainId'>): Address | null {
  const data = toHex(message.data);
  const isDeposit =
    message.from === L2_BRIDGE &&
    message.to === L2_BRIDGE &&
    message.gasLimit === DEPOSIT_GAS_LIMIT &&
    message.value > 0n &&
    message.data.length === 36 &&
    data.startsWith(`${MINT_ETH_SELECTOR}${'00'.repeat(12)}`);
  return isDeposit ? `0x${data.slice(-40)}` : null;
}

const lower = (address: string): Address => address.toLowerCase() as Address;
