// Takes a clone to the point where a command can run: packages, Node 24, pages. Then hands over.
import { createServer } from 'node:net';
import { join } from 'node:path';
import { build, isBuilt } from './build.mjs';
import { findNode, install, isInstalled } from './install.mjs';
import { runSuites, suitesNamed } from './suites.mjs';
import { commandEnv, EXIT, NODE_FLAGS, passSignalsOn, ROOT, run, Stop, say, toolEnv } from './system.mjs';

const HELP = `Plumbline keeps an L2 node in plumb with L1.

  plumbline install           install the packages that package-lock.json names
  plumbline build             install, and build the dashboard
  plumbline test [SUITE …]    install, build and test; suites: check, unit, sim, e2e (together the default), geth, conformance
  plumbline bench [--json]    install, and measure
  plumbline soak [--seconds N --seed S]  install, and disturb a devnet of three nodes; every rule is checked
  plumbline sim [--from S --count N]  install, and simulate the driver between a lying L1 and a failing engine
  plumbline devnet            install, build, and run an L1, three nodes that lead in turn and their dashboards
  plumbline chaos             disturb a running devnet
  plumbline start             install, build, and follow a rollup on a given L1
  plumbline reconstruct       rebuild a chain offline from recorded blobs
  plumbline engine            the embedded execution engine as a process of its own
  plumbline status            ask a running node
  plumbline resync            have a running node go back to a block that L1 implies, and derive again
  plumbline pause, resume     have a running node's driver or sequencer wait, and go on
  plumbline journal           verify or export a node's journal

Each explains itself with --help.
`;

/** Commands that serve the dashboard, and so need it built. */
const SERVES_PAGES = new Set(['devnet', 'start']);
/** Suites that open the dashboard in a browser. @param {string} suite */
const usesPages = (suite) => suite === 'e2e' || suite === 'conformance';

/** @param {readonly string[]} args */
export async function main(args) {
  passSignalsOn();
  try {
    process.exitCode = await dispatch(args[0] ?? '--help', args.slice(1));
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    say(error.message);
    process.exitCode = error.exitCode;
  }
}

/** @param {string} command @param {readonly string[]} rest @returns {Promise<number>} */
async function dispatch(command, rest) {
  const asksHelp =
    ['--help', '-h', 'help'].includes(command) || rest.includes('--help') || rest.includes('-h');
  const own = ['install', 'build', 'test', 'bench', 'soak'].includes(command);
  if (asksHelp && (own || command.includes('help') || command === '-h' || !isInstalled())) {
    process.stdout.write(HELP);
    return 0;
  }
  if (command === 'test') suitesNamed(rest);
  const servesPages = SERVES_PAGES.has(command) && !asksHelp && !rest.includes('--no-ui');
  if (servesPages) await checkPort(rest);
  const needsPages =
    servesPages || command === 'build' || (command === 'test' && suitesNamed(rest).some(usesPages));
  const node = await prepare(needsPages);
  switch (command) {
    case 'install':
    case 'build':
      return 0;
    case 'test':
      return runSuites(rest, node);
    case 'bench':
      return run(node, [...NODE_FLAGS, join(ROOT, 'bench', 'main.ts'), ...rest], { env: toolEnv(node) });
    case 'soak':
      return run(node, [...NODE_FLAGS, join(ROOT, 'server', 'devnet', 'fleet', 'soakMain.ts'), ...rest], {
        env: toolEnv(node),
      });
    case 'sim':
      return run(node, [...NODE_FLAGS, join(ROOT, 'server', 'testing', 'sim', 'simMain.ts'), ...rest], {
        env: toolEnv(node),
      });
    default:
      return run(node, [...NODE_FLAGS, join(ROOT, 'server', 'cli.ts'), command, ...rest], {
        env: commandEnv(),
        leash: true,
      });
  }
}

/** Installs and builds what is missing. @param {boolean} needsPages @returns {Promise<string>} the Node to use */
async function prepare(needsPages) {
  const installs = !isInstalled();
  const of = (installs ? 1 : 0) + (needsPages && (installs || !isBuilt()) ? 1 : 0);
  if (installs) await install({ number: 1, of });
  const node = findNode();
  if (needsPages && !isBuilt()) await build(node, { number: of, of: Math.max(of, 1) });
  return node;
}

/** Says that the port is taken before minutes are spent on what needs it. The command itself looks again. */
function checkPort(/** @type {readonly string[]} */ args) {
  const port = Number(option(args, 'port', 'PLUMBLINE_PORT') ?? 3000);
  const host = option(args, 'host', 'PLUMBLINE_HOST') ?? '127.0.0.1';
  // Nonsense is the command's to refuse, and a file of settings is the command's to read.
  if (!Number.isInteger(port) || port < 1 || port > 65_535 || option(args, 'config', 'PLUMBLINE_CONFIG'))
    return Promise.resolve();
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code !== 'EADDRINUSE') return resolve(undefined);
      reject(
        new Stop(
          `Port ${port} is taken by another program: end that one, or choose another with "npm start -- --port ${port + 1}".`,
          EXIT.failed,
        ),
      );
    });
    probe.listen(port, host, () => probe.close(() => resolve(undefined)));
  });
}

/** @param {readonly string[]} args @param {string} flag @param {string} variable @returns {string | undefined} */
function option(args, flag, variable) {
  const at = args.indexOf(`--${flag}`);
  if (at >= 0) return args[at + 1];
  const joined = args.find((arg) => arg.startsWith(`--${flag}=`));
  return joined?.slice(flag.length + 3) ?? (process.env[variable] || undefined);
}
