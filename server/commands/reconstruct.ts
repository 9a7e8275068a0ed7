import { readFile } from 'node:fs/promises';
import { openEmbeddedEngine } from '../engine/embedded/open.ts';
import { KzgHasher } from '../l1/kzg.ts';
import { listBlobs, ReconstructError, type ReconstructedBatch, reconstruct } from '../reconstruct.ts';
import { type Command, CommandError, EXIT, required } from './command.ts';

const line = (batch: ReconstructedBatch): string =>
  [
    `batch ${batch.batch}`,
    `blocks ${batch.firstBlock}–${batch.lastBlock}`,
    `state root ${batch.stateRoot}`,
    `last block ${batch.lastBlockHash}`,
    `${batch.privilegedCount} privileged`,
    `${batch.gasUsed} gas`,
  ].join('  ');

export const readGenesis = async (file: string): Promise<unknown> => {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new CommandError(`The genesis file ${file} cannot be read.`);
  });
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new CommandError(`The genesis file ${file} is not JSON.`, EXIT.invalidData);
  }
};

export const reconstructCommand: Command = {
  name: 'reconstruct',
  summary: 'rebuild an L2 offline from its genesis and its blobs',
  details:
    'Decodes N-1.blob (the blob of batch N) from a folder, executes its blocks in the embedded engine and prints\none line a batch: number, blocks, state root, last block hash, privileged transactions, gas used. No network.',
  options: {
    genesis: { type: 'string', value: 'FILE', help: 'the L2 genesis, in geth format' },
    blobs: { type: 'string', value: 'DIR', help: 'folder of N-1.blob files' },
    json: { type: 'boolean', help: 'one JSON object a batch' },
  },
  async run(options, { out, progress, signal }) {
    const genesis = await readGenesis(required(options, 'genesis', 'reconstruct'));
    const dir = required(options, 'blobs', 'reconstruct');
    const kzg = new KzgHasher();
    const embedded = await openEmbeddedEngine({ genesis, l2Rules: true });
    try {
      const total = (await listBlobs(dir)).length;
      const deps = {
        engine: embedded.engine,
        versionedHash: (blob: Uint8Array) => kzg.versionedHash(blob, signal),
      };
      for await (const batch of reconstruct(dir, deps)) {
        signal.throwIfAborted();
        out(options['json'] === true ? JSON.stringify(batch) : line(batch));
        progress(`batch ${batch.batch}/${total}`);
      }
      return EXIT.ok;
    } catch (error) {
      if (error instanceof ReconstructError) throw new CommandError(error.message, EXIT.invalidData);
      throw error;
    } finally {
      await Promise.all([kzg.close(), embedded.close()]);
    }
  },
};
