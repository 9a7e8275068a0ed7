// Installs what package-lock.json says, and finds the Node that the project runs on.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, ROOT, run, Stop, step } from './system.mjs';

const NODE_MODULES = join(ROOT, 'node_modules');
const STAMP = join(NODE_MODULES, '.plumbline-installed');
const NODE_MAJOR = 24;

/** The packages that carry Node for one platform each; npm installs only the fitting one. */
const NODE_PACKAGES = [
  `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`,
  `node-bin-${process.platform}-${process.arch}`,
];

const lockHash = () =>
  createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');

/** @param {string} file @returns {Record<string, { version?: string, optional?: boolean }>} */
const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages ?? {};

/** True when the packages are those of the lock file: by our stamp, or by npm's own record of what it installed. */
export function isInstalled() {
  if (!existsSync(NODE_MODULES)) return false;
  try {
    if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lockHash()) return true;
    const wanted = packagesOf(join(ROOT, 'package-lock.json'));
    const found = packagesOf(join(NODE_MODULES, '.package-lock.json'));
    const current = Object.entries(wanted).every(
      ([path, { version, optional }]) =>
        path === '' || (path in found ? found[path].version === version : optional === true),
    );
    if (current) writeFileSync(STAMP, lockHash());
    return current;
  } catch {
    return false;
  }
}

/** @param {{ number: number, of: number }} position */
export async function install(position) {
  const total = Object.entries(packagesOf(join(ROOT, 'package-lock.json'))).filter(
    ([path, { optional }]) => path !== '' && !optional,
  );
  const detail = () => {
    const there = total.filter(([path]) => existsSync(join(ROOT, path, 'package.json'))).length;
    return `${there} of ${total.length} packages`;
  };
  await step({ ...position, what: `Installing ${total.length} packages`, detail }, async () => {
    let output = '';
    const args = [
      'ci',
      '--ignore-scripts',
      '--include=dev',
      '--include=optional',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ];
    const [file, ...before] = npm();
    const code = await run(file, [...before, ...args], { onOutput: (text) => (output += text) }).catch(
      (error) => {
        throw new Stop(`npm could not be started (${error.code}): install npm, which comes with Node.`);
      },
    );
    if (code !== 0) throw installFailure(output, code);
    writeFileSync(STAMP, lockHash());
  });
}

/** The npm that started us, if one did; it runs on its own Node, not on one that it is about to replace. */
function npm() {
  const { npm_execpath: cli, npm_node_execpath: node } = process.env;
  if (cli?.endsWith('npm-cli.js') && node !== undefined && !node.startsWith(NODE_MODULES)) return [node, cli];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
}

const OFFLINE =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b/;
const DISK = /\b(ENOSPC|EACCES|EPERM|EROFS)\b/;

/** @param {string} output @param {number} code */
function installFailure(output, code) {
  const offline = OFFLINE.exec(output)?.[1];
  if (offline !== undefined) {
    return new Stop(
      `The package registry cannot be reached (${offline}): check the network, and npm's "registry" and "proxy" settings, then run the same command again.`,
      EXIT.failed,
    );
  }
  const disk = DISK.exec(output)?.[1];
  if (disk !== undefined) {
    return new Stop(
      `The packages cannot be written to ${NODE_MODULES} (${disk}): check its space and its owner.`,
      EXIT.failed,
    );
  }
  return new Stop(
    `npm ci failed with exit code ${code}. Its last words:\n${output.trim().split('\n').slice(-12).join('\n')}`,
    EXIT.failed,
  );
}

/** The path of a Node that can run the project: the one that npm brought, else the one that runs this. */
export function findNode() {
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  for (const name of NODE_PACKAGES) {
    const path = join(NODE_MODULES, name, 'bin', binary);
    if (existsSync(path) && majorOf(path) >= NODE_MAJOR) return path;
  }
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return process.execPath;
  throw new Stop(
    `Plumbline runs on Node ${NODE_MAJOR} or newer. npm has none for ${process.platform} ${process.arch} that works here, and this is Node ${process.versions.node}: install Node ${NODE_MAJOR} and run the same command again.`,
  );
}

/** Major version of a Node by asking it; 0 when it does not run here (another C library, say). */
function majorOf(/** @type {string} */ path) {
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return status === 0 ? Number(/^v(\d+)\./.exec(stdout)?.[1] ?? 0) : 0;
}
