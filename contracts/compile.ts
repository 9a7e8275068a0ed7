/**
 * Compiles every contract under `contracts/src` and writes one artifact each to `contracts/artifacts`, at the
 * same relative place. Artifacts are committed, so that running the project needs no compiler.
 *
 *     npm run contracts
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

const SOURCES = join(import.meta.dirname, 'src');
export const ARTIFACTS = join(import.meta.dirname, 'artifacts');

/** What a compiled contract's file holds. Code is hex; immutables are zero in `deployedBytecode`. */
export interface Artifact {
  readonly contractName: string;
  readonly compiler: string;
  readonly abi: readonly unknown[];
  readonly bytecode: `0x${string}`;
  readonly deployedBytecode: `0x${string}`;
}

interface SolcMessage {
  readonly severity: 'error' | 'warning' | 'info';
  readonly formattedMessage: string;
}
interface SolcContract {
  readonly abi: readonly unknown[];
  readonly evm: {
    readonly bytecode: { readonly object: string };
    readonly deployedBytecode: { readonly object: string };
  };
}
interface SolcOutput {
  readonly errors?: readonly SolcMessage[];
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, SolcContract>>>>;
}

/** No metadata hash, so that the same source gives the same bytes on every machine. Cancun brings `blobhash`. */
const SETTINGS = {
  evmVersion: 'cancun',
  optimizer: { enabled: true, runs: 200 },
  metadata: { appendCBOR: false, bytecodeHash: 'none' },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
};

/**
 * Compiles all sources. Returns artifacts by their path relative to the artifact folder, sorted.
 * Throws with the compiler's own text when it reports an error or a warning.
 */
export async function compileContracts(): Promise<ReadonlyMap<string, Artifact>> {
  const sources: Record<string, { content: string }> = {};
  for (const path of (await readdir(SOURCES, { recursive: true })).sort()) {
    const name = path.replaceAll('\\', '/');
    if (name.endsWith('.sol')) sources[name] = { content: await readFile(join(SOURCES, path), 'utf8') };
  }
  // Loaded here, not at the top: the compiler is 9 MB of JavaScript and only this function needs it.
  const solc = createRequire(import.meta.url)('solc') as {
    compile(input: string): string;
    version(): string;
  };
  const output = JSON.parse(
    solc.compile(JSON.stringify({ language: 'Solidity', sources, settings: SETTINGS })),
  ) as SolcOutput;
  const complaints = (output.errors ?? []).filter((message) => message.severity !== 'info');
  if (complaints.length > 0) throw new Error(complaints.map((each) => each.formattedMessage).join('\n'));
  const version = solc.version().split('+')[0] ?? 'unknown';
  return collect(output, version);
}

/** One artifact for each contract that bears its file's name; interfaces have no code and are left out. */
function collect(output: SolcOutput, compiler: string): ReadonlyMap<string, Artifact> {
  const artifacts = new Map<string, Artifact>();
  for (const [file, contracts] of Object.entries(output.contracts ?? {})) {
    const contractName = basename(file, '.sol');
    const contract = contracts[contractName];
    if (contract === undefined) throw new Error(`${file} holds no contract named ${contractName}`);
    artifacts.set(file.replace(/\.sol$/, '.json'), {
      contractName,
      compiler,
      abi: contract.abi,
      bytecode: `0x${contract.evm.bytecode.object}`,
      deployedBytecode: `0x${contract.evm.deployedBytecode.object}`,
    });
  }
  return artifacts;
}

/** The artifact as it stands in its file. */
export const artifactText = (artifact: Artifact): string => `${JSON.stringify(artifact, null, 2)}\n`;

async function main(): Promise<void> {
  const artifacts = await compileContracts();
  await rm(ARTIFACTS, { recursive: true, force: true });
  for (const [path, artifact] of artifacts) {
    await mkdir(dirname(join(ARTIFACTS, path)), { recursive: true });
    await writeFile(join(ARTIFACTS, path), artifactText(artifact));
    const bytes = artifact.deployedBytecode.length / 2 - 1;
    console.log(`${artifact.contractName.padEnd(20)} ${String(bytes).padStart(6)} bytes`);
  }
}

if (import.meta.main) await main();
