// Builds the dashboard, if its sources changed since the last build.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, NODE_FLAGS, ROOT, run, Stop, step, toolEnv } from './system.mjs';

/** What the build reads: the pages, and the parts of the server that their routes may import. */
const SOURCES = [
  'app',
  'components',
  'public',
  'server/api',
  'server/lib',
  'server/protocol',
  'server/telemetry',
  'server/runtime.ts',
  'proxy.ts',
  'next.config.js',
  'postcss.config.mjs',
  'package-lock.json',
];
const STAMP = join(ROOT, '.next', 'plumbline-built');
/** Written by Next at the very end of a build, so a build that was cut off has none. */
const BUILD_ID = join(ROOT, '.next', 'BUILD_ID');

/** @param {string} path relative to the root @returns {string[]} */
function filesUnder(path) {
  const absolute = join(ROOT, path);
  if (!existsSync(absolute)) return [];
  if (!statSync(absolute).isDirectory()) return [path];
  return readdirSync(absolute)
    .sort()
    .flatMap((name) => filesUnder(`${path}/${name}`))
    .filter((file) => !/\.test\.tsx?$/.test(file));
}

function sourcesHash() {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap(filesUnder)) {
    const content = readFileSync(join(ROOT, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

export const isBuilt = () =>
  existsSync(BUILD_ID) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === sourcesHash();

/** @param {string} node @param {{ number: number, of: number }} position */
export async function build(node, position) {
  const sources = sourcesHash();
  await step({ ...position, what: 'Building the dashboard' }, async () => {
    let output = '';
    const next = join(ROOT, 'node_modules', 'next', 'dist', 'bin', 'next');
    const env = { ...toolEnv(node), NODE_ENV: 'production' };
    const onOutput = (/** @type {string} */ text) => (output += text);
    const [code] = await Promise.all([run(node, [next, 'build'], { env, onOutput }), warm(node)]);
    if (code !== 0) throw new Stop(`The dashboard could not be built:\n${output.trim()}`, EXIT.failed);
    writeFileSync(STAMP, sources);
  });
}

/** Only a head start: a node that does not find it makes its own. @param {string} node */
const warm = (node) =>
  run(node, [...NODE_FLAGS, join(ROOT, 'bin', 'warm.mjs')], { env: toolEnv(node), onOutput: () => {} });
