// Finds the Chromium that the browser tests run in, or installs Debian's where that is allowed.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { onPath, run, Stop, step } from './system.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** True for a browser that starts; Ubuntu's `chromium-browser`, for one, may be a note that says to install a snap. */
const works = (/** @type {string} */ path) =>
  spawnSync(path, ['--version'], { timeout: 30_000 }).status === 0;

function find() {
  for (const path of [...NAMES.map((name) => onPath(name)), MAC])
    if (path !== null && existsSync(path) && works(path)) return path;
  return null;
}

/**
 * The path of a browser for the tests. Throws a sentence that says what to do when there is none.
 * @param {{ number: number, of: number }} position
 */
export async function findBrowser(position) {
  const given = process.env.PLUMBLINE_CHROMIUM;
  if (given) {
    if (existsSync(given) && works(given)) return given;
    throw new Stop(
      `PLUMBLINE_CHROMIUM names ${given}, which does not start: give the path of a Chromium or Chrome.`,
    );
  }
  const found = find();
  if (found !== null) return found;
  if (onPath('apt-get') !== null && process.getuid?.() === 0) {
    await step(
      { ...position, what: "Installing Debian's chromium for the browser tests" },
      installDebianChromium,
    );
    const installed = find();
    if (installed !== null) return installed;
  }
  throw new Stop(
    'The browser tests need Chromium, and none was found: install it (Debian: "sudo apt-get install chromium"), or set PLUMBLINE_CHROMIUM to the path of a Chromium or Chrome; "npm test -- check unit" runs the tests that need none.',
  );
}

async function installDebianChromium() {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  let output = '';
  const quietly = { env, onOutput: (/** @type {string} */ text) => (output += text) };
  // A stale package list names versions that the mirror no longer has; a failing update is no reason not to try.
  await run('apt-get', ['update', '-q'], quietly);
  const code = await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], quietly);
  if (code !== 0) {
    throw new Stop(
      `chromium could not be installed (apt-get: exit code ${code}). Its last words:\n${output.trim().split('\n').slice(-6).join('\n')}`,
    );
  }
}
