import { readJwtSecret } from '../config/jwtSecret.ts';
import { openEmbeddedEngine } from '../engine/embedded/open.ts';
import { type Command, CommandError, EXIT, optionalText, required, wholeNumber } from './command.ts';
import { readGenesis } from './reconstruct.ts';

function secretOf(file: string | undefined): Uint8Array | undefined {
  if (file === undefined) return undefined;
  const secret = readJwtSecret(file);
  if (secret.ok) return secret.value.reveal();
  throw new CommandError(`--jwt-secret-file names ${file}, which ${secret.error}.`, EXIT.usage);
}

export const engineCommand: Command = {
  name: 'engine',
  summary: 'the embedded execution engine as a process of its own',
  details:
    'Serves the Engine API and eth_ calls over HTTP on the loopback, so that a node elsewhere on this machine, or a\nwallet, can use it. Without --data-dir the chain is in memory and gone at the end.',
  options: {
    genesis: { type: 'string', value: 'FILE', help: 'the L2 genesis, in geth format' },
    port: { type: 'string', value: 'N', help: 'default 8551; 0 takes any' },
    'data-dir': { type: 'string', value: 'DIR', help: 'keep the chain here' },
    'jwt-secret-file': {
      type: 'string',
      value: 'FILE',
      help: '64 hex digits, mode 0600; guards the engine_ methods',
    },
    plain: { type: 'boolean', help: "Ethereum's own rules, without ethrex's L2 transactions" },
    json: { type: 'boolean', help: 'when ready, print {"url": …}' },
  },
  async run(options, { out, signal }) {
    const genesis = await readGenesis(required(options, 'genesis', 'engine'));
    const dir = optionalText(options, 'data-dir');
    const jwtSecret = secretOf(optionalText(options, 'jwt-secret-file'));
    const engine = await openEmbeddedEngine({
      genesis,
      l2Rules: options['plain'] !== true,
      http: {
        host: '127.0.0.1',
        port: wholeNumber(options, 'port', 8551, [0, 65_535]),
        ...(jwtSecret === undefined ? {} : { jwtSecret }),
      },
      ...(dir === undefined ? {} : { dir }),
    });
    out(options['json'] === true ? JSON.stringify({ url: engine.httpUrl }) : `Engine  ${engine.httpUrl}`);
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    }
    await engine.close();
    return EXIT.ok;
  },
};
