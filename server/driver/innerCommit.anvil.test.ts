/** A leader that is a contract, on a real L1: the proposer is called from inside another contract's call. */
import { encodeFunctionData } from 'viem';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MIN_COLLATERAL, registerCall } from '../devnet/deploy.ts';
import { openL1Wallet } from '../devnet/l1Wallet.ts';
import { buildBranch, openTestEngine, type TestEngine } from '../engine/embedded/testChain.ts';
import { suiteGenesis } from '../engine/suiteGenesis.ts';
import { sequencerRegistryAbi } from '../protocol/contractsAbi.ts';
import type { Address, Hex } from '../protocol/refs.ts';
import { type DrivenNode, openDrivenNode } from '../testing/drivenNode.ts';
import { openRollupL1, type RollupL1 } from '../testing/rollupL1.ts';

const LEADER: Address = '0x00000000000000000000000000000000000f0ade';
/** Calls the address in its first word with the rest of its call data, and reverts when that does. */
const FORWARDER: Hex = '0x602036038060206000376000600082600060006000355af115601d57005b60006000fd';

let l1: RollupL1;
let maker: TestEngine;
let engine: TestEngine;
let driven: DrivenNode;

beforeAll(async () => {
  const genesis = suiteGenesis();
  maker = await openTestEngine({ genesis, l2Rules: false });
  engine = await openTestEngine({ genesis, l2Rules: false });
  l1 = await openRollupL1({
    chainId: genesis.config.chainId,
    genesisHash: maker.genesis.hash,
    genesisTimestamp: maker.genesis.timestamp,
    genesisStateRoot: maker.genesis.header.stateRoot,
  });
  driven = await openDrivenNode(l1, engine.engine);
});
afterAll(async () => {
  await driven?.stop();
  await l1?.anvil.stop();
  await maker?.close();
});

it('is followed where L1 traces transactions: neither call data nor a blob tells the blocks', async () => {
  const { anvil, config } = l1;
  const registry = config.sequencerRegistry!;
  const wallet = await openL1Wallet(anvil.url, anvil.accounts[1]!.privateKey);
  const send = async (to: Address, data: Hex, value = 0n) =>
    wallet.wait(await wallet.send({ to, data, value, gas: 50_000_000n }));
  await anvil.rpc('anvil_setCode', [LEADER, FORWARDER]);
  await send(registry, registerCall(LEADER), MIN_COLLATERAL);
  const gone = [anvil.accounts[0]!.address] as const;
  await send(
    registry,
    encodeFunctionData({ abi: sequencerRegistryAbi, functionName: 'unregister', args: gone }),
  );

  const blocks = await buildBranch(maker.engine, maker.genesis, 3);
  const call = l1.commitData(1, maker.genesis, blocks);
  await send(LEADER, `0x${config.onChainProposer.slice(2).padStart(64, '0')}${call.slice(2)}`);
  await driven.settle();
  expect((await engine.engine.labels()).safe?.hash).toBe(blocks.at(-1)!.hash);
  expect(driven.node.driver.state).toMatchObject({ phase: 'following', blocked: null });
});
