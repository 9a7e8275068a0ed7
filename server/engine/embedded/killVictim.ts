/** Builds blocks on a directory until it is killed, and prints each head after the engine has confirmed it. */
import { alice, buildOn, openTestEngine, sign, toHead } from './testChain.ts';

const { engine, core } = await openTestEngine({ dir: process.argv[2]! });
for (;;) {
  const head = await core.chain.head();
  const transactions = [await sign(alice, { nonce: head.number, value: 1n })];
  const block = await buildOn(engine, head, { transactions });
  await engine.forkchoiceUpdated(toHead(block.hash, head.hash, head.hash), null);
  process.stdout.write(`${block.number} ${block.hash}\n`);
}
