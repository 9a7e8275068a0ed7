import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Import, importsOf, importsOfFile } from './testing/imports.ts';

const ROOT = join(import.meta.dirname, '..');
/** Holds bad examples as text, which a reader of imports takes for real ones. */
const SELF = 'server/layers.layers.test.ts';

interface Layer {
  readonly name: string;
  readonly files: RegExp;
  /** Layers whose values it may use, besides its own. */
  readonly may: readonly string[];
  /** Layers of which it may use types alone. */
  readonly types?: readonly string[];
  /** May use everything but `testing`: the composition root, and what drives the whole from outside. */
  readonly all?: true;
}

const CORE = ['lib', 'protocol', 'derivation', 'telemetry', 'l1', 'engine', 'journal', 'sequencer', 'driver'];

/**
 * Who may import whom, as data: ARCHITECTURE.md shows the same table with the reasons. The first row that matches a
 * file is its layer. Tests may import anything; `testing` may be imported by tests and benches only.
 */
const LAYERS: readonly Layer[] = [
  { name: 'lib', files: /^server\/lib\//, may: [] },
  { name: 'protocol', files: /^server\/protocol\//, may: ['lib'] },
  { name: 'derivation', files: /^server\/derivation\//, may: ['protocol', 'lib'] },
  { name: 'telemetry', files: /^server\/telemetry\//, may: ['lib'] },
  { name: 'l1', files: /^server\/l1\//, may: ['protocol', 'lib', 'telemetry'] },
  { name: 'engine', files: /^server\/engine\//, may: ['protocol', 'lib', 'telemetry'] },
  { name: 'journal tool', files: /^server\/journalTool\//, may: [] },
  { name: 'journal', files: /^server\/journal\//, may: ['protocol', 'lib', 'telemetry'] },
  {
    name: 'sequencer ports',
    files: /^server\/sequencer\/ports\.ts$/,
    may: ['protocol', 'lib', 'telemetry'],
    types: ['sequencer', 'l1', 'engine', 'journal', 'derivation'],
  },
  {
    name: 'sequencer',
    files: /^server\/sequencer\//,
    may: ['sequencer ports', 'protocol', 'lib', 'telemetry'],
  },
  {
    name: 'driver ports',
    files: /^server\/driver\/ports\.ts$/,
    may: ['protocol', 'lib', 'telemetry', 'derivation'],
    types: ['driver', 'l1', 'engine', 'journal'],
  },
  {
    name: 'driver',
    files: /^server\/driver\//,
    may: ['driver ports', 'protocol', 'lib', 'telemetry', 'derivation'],
  },
  {
    name: 'metrics',
    files: /^server\/metrics\//,
    may: ['protocol', 'lib', 'telemetry', 'api'],
    types: ['driver', 'engine', 'l1', 'journal'],
  },
  {
    name: 'webhook',
    files: /^server\/webhook\//,
    may: ['protocol', 'lib', 'telemetry', 'api'],
    types: ['journal'],
  },
  { name: 'config', files: /^server\/config(\/|\.ts$)/, may: ['protocol', 'lib', 'telemetry', 'operator'] },
  { name: 'runtime', files: /^server\/runtime\.ts$/, may: [], types: ['api', 'journal'] },
  {
    name: 'api',
    files: /^server\/api\//,
    may: ['runtime', 'protocol', 'telemetry', 'lib'],
    types: ['journal'],
  },
  {
    name: 'operator',
    files: /^server\/operator\//,
    may: ['lib', 'telemetry'],
    types: ['api'],
  },
  { name: 'testing', files: /^server\/testing\//, may: [], all: true },
  {
    name: 'devnet',
    files: /^server\/devnet\//,
    may: [...CORE, 'driver ports', 'sequencer ports', 'config', 'composition', 'journal tool'],
  },
  {
    name: 'status',
    files: /^server\/status\//,
    may: ['protocol', 'lib', 'telemetry'],
    types: ['driver', 'driver ports', 'sequencer', 'sequencer ports', 'journal', 'api'],
  },
  { name: 'composition', files: /^server\/(commands\/|[^/]+\.ts$)/, may: [], all: true },
  // Route handlers and pages run in the server's process, where the node's handle is; what they draw does not.
  {
    name: 'page',
    files: /^app\/(.*\/)?(route|page|layout)\.tsx?$/,
    may: ['app', 'components', 'api', 'runtime'],
  },
  { name: 'app', files: /^app\//, may: ['components'], types: ['api'] },
  { name: 'components', files: /^components\//, may: [], types: ['api'] },
  { name: 'contracts', files: /^contracts\//, may: [...CORE] },
  { name: 'bench', files: /^bench\//, may: [], all: true },
  { name: 'e2e', files: /^(e2e\/|playwright\.config\.ts$)/, may: [], all: true },
  { name: 'tool settings', files: /^[^/]+\.(ts|js|mjs)$/, may: [] },
];

/** What the pages may use of the API at run time: its words and shapes, nothing that answers. */
const PAGES = ['app', 'components'];
const API_FOR_PAGES = /^server\/api\/(views|feedTimes|checks)\.ts$/;

const isTest = (file: string): boolean =>
  /\.test\.tsx?$/.test(file) || /(^|\/)[a-z]\w*Suite\.ts$/.test(file) || /^e2e\//.test(file);
const layerOf = (file: string): Layer | undefined => LAYERS.find((layer) => layer.files.test(file));

/** Why an import is not allowed, or null. */
function objection(one: Import): string | null {
  const from = layerOf(one.file);
  const where = `${one.file}:${one.line} imports ${one.specifier}`;
  if (from === undefined) return `${one.file} belongs to no layer: give it a row in the table`;
  if (one.specifier === '?')
    return isTest(one.file) ? null : `${where}: a computed import hides what it imports`;
  if (one.target === null) return null;
  const to = layerOf(one.target);
  if (to === undefined) return `${where}: our own files are imported by relative path`;
  if (isTest(one.file)) return null;
  if (to.name === 'testing' && from.name !== 'testing' && from.name !== 'bench')
    return `${where}: testing is for tests`;
  if (to.name === from.name || from.all || from.may.includes(to.name)) return null;
  if (PAGES.includes(from.name) && API_FOR_PAGES.test(one.target)) return null;
  if (!(from.types ?? []).includes(to.name)) return `${where}: ${from.name} may not import ${to.name}`;
  return one.typeOnly ? null : `${where}: ${from.name} may import only types of ${to.name}`;
}

const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
})
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));

describe('layers', () => {
  const sources = tracked.filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'));

  it('every file imports only what its layer may', () => {
    const imports = sources.filter((file) => file !== SELF).flatMap((file) => importsOfFile(file, ROOT));
    // A reader of imports that finds none would pass everything.
    expect(imports.length).toBeGreaterThan(sources.length);
    expect(imports.map(objection).filter((one) => one !== null)).toEqual([]);
  });

  it.each([
    ['server/lib/x.ts', "import { a } from '../protocol/refs.ts';", 'lib may not import protocol'],
    ['server/protocol/x.ts', "import type { A } from '../l1/l1.ts';", 'protocol may not import l1'],
    [
      'server/derivation/x.ts',
      "const a = await import('../engine/engine.ts');",
      'derivation may not import engine',
    ],
    ['server/driver/x.ts', "import type { L1 } from '../l1/l1.ts';", 'driver may not import l1'],
    ['server/driver/ports.ts', "import { L1Error } from '../l1/l1.ts';", 'may import only types of l1'],
    [
      'server/driver/ports.ts',
      "import { type A, L1Error } from '../l1/l1.ts';",
      'may import only types of l1',
    ],
    ['server/engine/x.ts', "export * from '../journal/journal.ts';", 'engine may not import journal'],
    [
      'server/engine/x.ts',
      "new Worker(new URL('../l1/l1.ts', import.meta.url));",
      'engine may not import l1',
    ],
    ['server/l1/x.ts', "import '../testing/fakeL1.ts';", 'testing is for tests'],
    ['server/l1/x.ts', 'const name = "y"; await import(name);', 'a computed import'],
    ['server/l1/x.ts', "import { a } from '@/server/engine/engine.ts';", 'by relative path'],
    ['server/devnet/x.ts', "import { a } from '../api/views.ts';", 'devnet may not import api'],
    [
      'components/x.tsx',
      "import { currentNode } from '../server/runtime.ts';",
      'components may not import runtime',
    ],
    [
      'components/x.tsx',
      "import { appRouter } from '../server/api/router.ts';",
      'may import only types of api',
    ],
    ['app/error.tsx', "import { currentNode } from '../server/runtime.ts';", 'app may not import runtime'],
    ['app/page.tsx', "import { Driver } from '../server/driver/driver.ts';", 'page may not import driver'],
    ['somewhere/x.ts', "import { a } from 'zod';", 'belongs to no layer'],
  ])('an import that is not allowed is found: %s, %s', (file, source, expected) => {
    const found = importsOf(file, source, ROOT).map(objection);
    expect(found.filter((one) => one !== null)).toHaveLength(1);
    expect(found.join()).toContain(expected);
  });

  it.each([
    ['server/driver/ports.ts', "import type { L1 } from '../l1/l1.ts';"],
    ['server/driver/ports.ts', "import {\n  type A,\n  type B,\n} from '../l1/l1.ts';"],
    ['server/driver/x.ts', "// import { a } from '../l1/l1.ts';\n/* import('../l1/l1.ts') */"],
    ['server/driver/x.test.ts', "import { FakeL1 } from '../testing/fakeL1.ts';"],
    ['components/x.tsx', "import { VERDICTS } from '../server/api/views.ts';"],
    ['components/x.tsx', "import type { AppRouter } from '../server/api/router.ts';"],
    ['app/api/x/route.ts', "import { currentNode } from '../../../server/runtime.ts';"],
    ['server/node.ts', "import { Driver } from './driver/driver.ts';"],
  ])('an import that is allowed is not: %s, %s', (file, source) => {
    expect(
      importsOf(file, source, ROOT)
        .map(objection)
        .filter((one) => one !== null),
    ).toEqual([]);
  });
});

describe('tracked files', () => {
  // Written in two parts, so that this file does not find itself.
  const foreign = [
    [
      'a package registry',
      new RegExp(['registry', '(npmjs|yarnpkg)', '(org|com)'].join('\\.').replace('\\.(npm', '\\.(npm')),
    ],
    [
      'a path of one machine',
      new RegExp(`(^|[^\\w./-])/(${['work', 'root'].join('|')}|home/\\w+|Users/\\w+)/`),
    ],
  ] as const;

  /** Lines with a name that belongs to one machine or one mirror. */
  function offences(file: string, text: string): string[] {
    return text
      .split('\n')
      .flatMap((line, index) =>
        foreign
          .filter(([, pattern]) => pattern.test(line))
          .map(([what]) => `${file}:${index + 1} names ${what}`),
      );
  }

  it('name no package registry and no path of one machine', () => {
    const found = tracked.flatMap((file) => {
      const bytes = readFileSync(join(ROOT, file));
      return bytes.includes(0) ? [] : offences(file, bytes.toString('utf8'));
    });
    expect(found).toEqual([]);
  });

  it('would be found if they did', () => {
    const registry = `"resolved": "https://${['registry', 'npmjs', 'org'].join('.')}/x/-/x.tgz"`;
    const path = `cd ${['', 'work', 'main'].join('/')}/`;
    expect(offences('x', `a\n${registry}\n${path}`)).toEqual([
      'x:2 names a package registry',
      'x:3 names a path of one machine',
    ]);
    const inside = ['', 'work', 'y'].join('/');
    expect(offences('x', `see .${inside}, framework/root/a and https://host${inside}`)).toEqual([]);
  });
});

describe('package-lock.json', () => {
  type Locked = {
    version?: string;
    integrity?: string;
    optional?: boolean;
    optionalDependencies?: Record<string, string>;
  };
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>;
  };

  it('names the platform packages of every platform, so that "npm ci" works on all of them', () => {
    // `npm install` drops those of other platforms where they cannot be fetched, and "npm ci" then refuses the file.
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });

  it('pins the content of every package that is not for another platform', () => {
    const open = Object.entries(packages).filter(
      ([path, one]) => path !== '' && !one.optional && !one.integrity,
    );
    expect(open.map(([path]) => path)).toEqual([]);
  });
});
