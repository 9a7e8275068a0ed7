// Finds the geth that the tests with a real engine drive, or builds it from its Go module.
// `node bin/geth.mjs` prints its path, building it where needed; with `--find` it builds nothing.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onPath, run, Stop, step } from './system.mjs';

/** The release that is built, and the oldest that is taken from the PATH: what it refuses is part of what is tested. */
export const GETH_VERSION = '1.17.10';
/** What that release's go.mod asks for. */
const GO_MINIMUM = [1, 25];
/** The toolchain that an older Go fetches from its module proxy: by itself from this version on. */
const GO_TOOLCHAIN = 'go1.27.3';
const GO_FETCHES_TOOLCHAINS = [1, 21];
const MODULE = 'github.com/ethereum/go-ethereum';

const cacheFolder = () =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'plumbline', `geth-v${GETH_VERSION}`);

/** Text that a program prints, or null when it fails. @param {string} file @param {...string} args */
function ask(file, ...args) {
  const { status, stdout } = spawnSync(file, args, { timeout: 300_000, encoding: 'utf8' });
  return status === 0 ? stdout : null;
}

/** @param {string | null | undefined} text */
const numbersOf = (text) => (/(\d+)\.(\d+)(?:\.(\d+))?/.exec(text ?? '') ?? []).slice(1).map(Number);

/** @param {readonly number[]} version @param {readonly number[]} wanted */
export function atLeast(version, wanted) {
  if (version.length === 0) return false;
  for (const [index, part] of wanted.entries()) {
    const own = version[index] || 0;
    if (own !== part) return own > part;
  }
  return true;
}

/** Version numbers of a geth, empty for what is none. @param {string} path */
const gethVersion = (path) => numbersOf(/^Version: (.*)$/m.exec(ask(path, 'version') ?? '')?.[1]);

/**
 * The path of a geth: PLUMBLINE_GETH, one on the PATH that is new enough, or the one built before. Null when there is
 * none. Throws a sentence when PLUMBLINE_GETH names what is no geth.
 */
export function findGeth() {
  const given = process.env.PLUMBLINE_GETH;
  if (given) {
    if (existsSync(given) && gethVersion(given).length > 0) return given;
    throw new Stop(`PLUMBLINE_GETH names ${given}, which is no geth that starts: give the path of one.`);
  }
  const wanted = numbersOf(GETH_VERSION);
  const installed = onPath('geth');
  if (installed !== null && atLeast(gethVersion(installed), wanted)) return installed;
  const built = join(cacheFolder(), 'geth');
  return existsSync(built) && atLeast(gethVersion(built), wanted) ? built : null;
}

/** What to do without one, in a sentence. */
export const GETH_HELP = `geth ${GETH_VERSION} or newer: put it on the PATH or name it in PLUMBLINE_GETH; where Go ${GO_MINIMUM.join('.')} is installed, "npm test -- geth" builds it`;

/**
 * As `findGeth`, and builds it where there is none (about five minutes of one core, once: the program is kept in the
 * user's cache folder). Throws a sentence that says what to do.
 * @param {{ number: number, of: number }} position
 */
export async function ensureGeth(position) {
  const found = findGeth();
  if (found !== null) return found;
  const go = onPath('go', ['/usr/local/go/bin']);
  if (go === null) throw new Stop(`There is neither geth nor a Go to build it with. Needed is ${GETH_HELP}.`);
  const folder = cacheFolder();
  mkdirSync(folder, { recursive: true });
  await build(go, folder, position);
  const built = findGeth();
  if (built === null) throw new Stop(`geth was built, but does not start: look into ${folder}.`);
  return built;
}

/**
 * A Go too old to fetch its successor by itself (Debian 12's is) gets it as the module that it is. Modules are unpacked
 * without the right to be executed.
 * @param {string} go @param {string} own its version
 */
function fetchToolchain(go, own) {
  const [os, arch] = (ask(go, 'env', 'GOOS', 'GOARCH') ?? '').trim().split('\n');
  const module = `golang.org/toolchain@v0.0.1-${GO_TOOLCHAIN}.${os}-${arch}`;
  const folder = JSON.parse(ask(go, 'mod', 'download', '-json', module) ?? '{}').Dir;
  if (folder === undefined) {
    throw new Stop(
      `${go} is Go ${own}, the build of geth needs ${GO_MINIMUM.join('.')}, and ${GO_TOOLCHAIN} could not be fetched from Go's module proxy. Needed is ${GETH_HELP}.`,
    );
  }
  for (const place of [join(folder, 'bin'), join(folder, 'pkg', 'tool')]) {
    if (!existsSync(place)) continue;
    for (const entry of readdirSync(place, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) chmodSync(join(entry.parentPath, entry.name), 0o555);
    }
  }
  return join(folder, 'bin', 'go');
}

/** @param {string} go @param {string} folder @param {{ number: number, of: number }} position */
async function build(go, folder, position) {
  const version = numbersOf(ask(go, 'version'));
  const older = atLeast(version, GO_MINIMUM) ? {} : { GOTOOLCHAIN: GO_TOOLCHAIN };
  const command = atLeast(version, GO_FETCHES_TOOLCHAINS) ? go : fetchToolchain(go, version.join('.'));
  // Two builds at once must not write one file: each has its own folder, and the finished program is moved.
  const own = join(folder, `build-${process.pid}`);
  const env = { ...process.env, ...older, GOBIN: own, GOFLAGS: '-mod=mod -buildvcs=false' };
  let said = '';
  let fetched = 0;
  const onOutput = (/** @type {string} */ text) => {
    said = (said + text).slice(-4_000);
    fetched += (text.match(/^go: downloading /gm) ?? []).length;
  };
  const detail = () => (fetched > 0 ? `${fetched} modules fetched` : '');
  try {
    const code = await step(
      { ...position, what: `Building geth ${GETH_VERSION} from its Go module, once`, detail },
      () => run(command, ['install', `${MODULE}/cmd/geth@v${GETH_VERSION}`], { env, onOutput, cwd: folder }),
    );
    if (code !== 0) {
      const last = said.trim().split('\n').slice(-6).join('\n');
      throw new Stop(
        `geth could not be built (go: exit code ${code}). Needed is ${GETH_HELP}. Go's last words:\n${last}`,
      );
    }
    renameSync(join(own, 'geth'), join(folder, 'geth'));
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === process.argv[1]) {
  try {
    const path = process.argv.includes('--find') ? findGeth() : await ensureGeth({ number: 1, of: 1 });
    if (path === null) throw new Stop(`There is no geth. Needed is ${GETH_HELP}.`);
    process.stdout.write(`${path}\n`);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}
