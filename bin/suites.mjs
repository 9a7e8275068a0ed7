// Runs the test suites one after the other and counts what they report themselves.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBrowser } from './browser.mjs';
import { ensureGeth, findGeth, GETH_HELP } from './geth.mjs';
import { EXIT, ROOT, run, Stop, say, seconds, toolEnv } from './system.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Count */
/** @typedef {{ node: string, folder: string, position: { number: number, of: number } }} Context */

const NONE = { passed: 0, failed: 0, skipped: 0 };
/** @param {...string} path */
const tool = (...path) => join(ROOT, 'node_modules', ...path);

/** Each check is one test: it passes or fails as a whole. */
const CHECKS = [
  ['types', tool('typescript', 'bin', 'tsc'), '-p', 'tsconfig.json'],
  ['types of pure files', tool('typescript', 'bin', 'tsc'), '-p', 'server/tsconfig.pure.json'],
  ['lint and format', tool('@biomejs', 'biome', 'bin', 'biome'), 'check', '.'],
];

/** @type {Record<string, { title: string, inTest: boolean, run: (context: Context) => Promise<Count> }>} */
export const SUITES = {
  check: { title: 'types, lint and layers', inTest: true, run: checks },
  unit: { title: 'unit tests', inTest: true, run: (context) => vitest(context, 'unit') },
  sim: { title: 'simulated lives of the driver', inTest: true, run: simulated },
  e2e: { title: 'browser tests', inTest: true, run: (context) => playwright(context, 'pages') },
  conformance: {
    title: 'recorded data from PLUMBLINE_FIXTURES or ../shared/fixtures',
    inTest: false,
    run: recorded,
  },
  geth: { title: 'a real geth', inTest: false, run: withGeth },
};

/**
 * Runs the named suites (by default all that need nothing but this checkout and a browser) and prints, last, one
 * line "N passed, N failed". A suite that ran no test has failed.
 * @param {readonly string[]} names @param {string} node
 * @returns {Promise<number>} exit code
 */
export async function runSuites(names, node) {
  const chosen = suitesNamed(names);
  if (names.length === 0) addGeth(chosen);
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-tests-'));
  const total = { ...NONE };
  const rows = [];
  try {
    for (const [index, name] of chosen.entries()) {
      const began = performance.now();
      const position = { number: index + 1, of: chosen.length };
      console.log(`\n=== [${position.number}/${position.of}] ${name}: ${SUITES[name].title}`);
      const count = await SUITES[name].run({ node, folder, position }).catch((error) => {
        if (!(error instanceof Stop)) throw error;
        console.log(error.message);
        return { ...NONE, failed: 1 };
      });
      if (count.passed + count.failed === 0) {
        console.log(`The suite "${name}" ran no test.`);
        count.failed = 1;
      }
      for (const key of /** @type {const} */ (['passed', 'failed', 'skipped'])) total[key] += count[key];
      rows.push(`${name.padEnd(12)}${line(count)} in ${seconds(began)}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`\n${rows.join('\n')}\n\n${line(total)}`);
  return total.failed === 0 ? 0 : EXIT.failed;
}

/** @param {Count} count */
const line = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

/** The names to run, in the order of the table; throws a sentence for a name that is not in it. */
export function suitesNamed(/** @type {readonly string[]} */ names) {
  const unknown = names.find((name) => !(name in SUITES));
  if (unknown !== undefined) {
    throw new Stop(`There is no test suite "${unknown}". Suites: ${Object.keys(SUITES).join(', ')}.`);
  }
  return Object.keys(SUITES).filter((name) =>
    names.length === 0 ? SUITES[name].inTest : names.includes(name),
  );
}

/** Whoever has a geth gets its tests too; whoever has none is told so and need not wait for a build. */
function addGeth(/** @type {string[]} */ chosen) {
  if (findGeth() === null) console.log(`The tests with a real geth are left out: they need ${GETH_HELP}.`);
  else chosen.push('geth');
}

/** The engine, the driver and the sequencer on a real geth, which is built when there is none. @param {Context} context @returns {Promise<Count>} */
async function withGeth(context) {
  const geth = await ensureGeth(context.position);
  console.log(`geth: ${geth}`);
  return vitest(context, 'geth', { PLUMBLINE_GETH: geth });
}

/** @param {Context} context @returns {Promise<Count>} */
async function checks(context) {
  const count = { ...NONE };
  // Next writes the declarations of style sheets and routes that the type check needs.
  const typegen = [tool('next', 'dist', 'bin', 'next'), 'typegen'];
  await run(context.node, typegen, { env: toolEnv(context.node), onOutput: () => {} });
  for (const [name, ...command] of CHECKS) {
    const code = await run(context.node, command, { env: toolEnv(context.node) });
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}`);
    if (code === 0) count.passed++;
    else count.failed++;
  }
  const layers = await vitest(context, 'layers');
  return {
    passed: count.passed + layers.passed,
    failed: count.failed + layers.failed,
    skipped: layers.skipped,
  };
}

/** @param {Context} context @param {string} project @param {NodeJS.ProcessEnv} [env] @returns {Promise<Count>} */
async function vitest({ node, folder }, project, env = {}) {
  const file = join(folder, `vitest-${project}.json`);
  const args = [
    'run',
    '--project',
    project,
    '--reporter=dot',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ];
  const code = await run(node, [tool('vitest', 'vitest.mjs'), ...args], {
    env: { ...toolEnv(node), ...env },
  });
  const report = readReport(file);
  if (report === null) return { ...NONE, failed: 1 };
  // A file that cannot even be loaded has no tests to count: the file itself is the failure then.
  const broken = report.testResults.filter(
    (/** @type {any} */ one) =>
      one.status === 'failed' &&
      one.assertionResults.every((/** @type {any} */ test) => test.status !== 'failed'),
  );
  const failed = report.numFailedTests + broken.length;
  const skipped = report.numPendingTests + (report.numTodoTests ?? 0);
  return {
    passed: report.numPassedTests,
    failed: code !== 0 && failed === 0 && report.numPassedTests > 0 ? 1 : failed,
    skipped,
  };
}

/** Schedules of CI: ten thousand lives of the driver, the kept seeds before them, and as many of it behind a pool of L1 providers. */
const SIMULATED = [
  ['--kept', '--from', '1', '--count', '10000'],
  ['--pool', '--from', '1', '--count', '10000'],
];
const SIM_LINE = /^schedules (\d+) diverged (\d+) converged (\d+)$/;

/** Each schedule is a test: it comes into plumb, or not. @param {Context} context @returns {Promise<Count>} */
async function simulated({ node }) {
  const main = join(ROOT, 'server', 'testing', 'sim', 'simMain.ts');
  const total = { ...NONE };
  for (const args of SIMULATED) {
    let said = '';
    const code = await run(node, ['--no-warnings', main, ...args], {
      env: toolEnv(node),
      onOutput: (text) => {
        said += text;
        process.stdout.write(text);
      },
    });
    const last = said.trimEnd().split('\n').at(-1) ?? '';
    const [, schedules, , converged] = (SIM_LINE.exec(last) ?? []).map(Number);
    if (schedules === undefined || converged === undefined) {
      total.failed++;
      continue;
    }
    const failed = schedules - converged;
    total.passed += converged;
    total.failed += code !== 0 && failed === 0 ? 1 : failed;
  }
  return total;
}

/** Recorded data through the program and through the page. @param {Context} context @returns {Promise<Count>} */
async function recorded(context) {
  const [program, page] = [await vitest(context, 'conformance'), await playwright(context, 'recorded')];
  const ran = (/** @type {Count} */ count) => count.passed + count.failed > 0;
  return {
    passed: program.passed + page.passed,
    failed: program.failed + page.failed + (ran(program) ? 0 : 1) + (ran(page) ? 0 : 1),
    skipped: program.skipped + page.skipped,
  };
}

/** @param {Context} context @param {'pages' | 'recorded'} project @returns {Promise<Count>} */
async function playwright({ node, folder, position }, project) {
  const browser = await findBrowser(position);
  const file = join(folder, `playwright-${project}.json`);
  const env = { ...toolEnv(node), PLUMBLINE_CHROMIUM: browser, PLAYWRIGHT_JSON_OUTPUT_NAME: file };
  const args = ['test', '--project', project, '--reporter=list,json'];
  const code = await run(node, [tool('@playwright', 'test', 'cli.js'), ...args], { env });
  const stats = readReport(file)?.stats;
  if (stats === undefined) return { ...NONE, failed: 1 };
  // A test that passed only when tried again is not one to rely on.
  const failed = stats.unexpected + stats.flaky;
  return {
    passed: stats.expected,
    failed: code !== 0 && failed === 0 && stats.expected > 0 ? 1 : failed,
    skipped: stats.skipped,
  };
}

/** @param {string} file @returns {any} */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    say('The test runner ended without a report.');
    return null;
  }
}
