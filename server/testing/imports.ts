import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** One import of one file: static, dynamic, re-export, or a worker named by `new URL('…', import.meta.url)`. */
export interface Import {
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
  /** True when nothing of it is left at run time. */
  readonly typeOnly: boolean;
  /** Path from the root, with `/`, of a file of ours; null for a package or a module of Node. */
  readonly target: string | null;
}

const STRING_OR_COMMENT =
  /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const STATIC =
  /(?:^|[;}\s])(?:import|export)\s+(?:(type)\s+(?!from\b))?(?:([\w$*\s{},]+?)\s*from\s*)?['"]([^'"\n]+)['"]/g;
const SIDE_EFFECT = /(?:^|[;}\s])import['"]([^'"\n]+)['"]/g;
const DYNAMIC = /\b(?:import|require)\s*\(\s*(?:['"]([^'"\n]+)['"])?/g;
const WORKER = /new\s+URL\(\s*['"](\.[^'"\n]+\.[cm]?[jt]sx?)['"]\s*,\s*import\.meta\.url/g;

/** Spellings of our own files that hide where they are: every one of them must be a relative path. */
const OURS_BY_OTHER_NAME = /^(?:\/|~|@\/|#|server\/|components\/|app\/|plumbline\b)/;

/** The imports in a source text. `file` is its path from `root`. Comments do not count; computed names do, as `?`. */
export function importsOf(file: string, source: string, root: string): readonly Import[] {
  // Comments become spaces of the same length, so that positions stay true.
  const code = source.replace(STRING_OR_COMMENT, (found) =>
    found.startsWith('/') ? found.replace(/[^\n]/g, ' ') : found,
  );
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean, at: number): void => {
    const line = code.slice(0, at).split('\n').length;
    found.push({ file, line, specifier, typeOnly, target: targetOf(file, specifier, root) });
  };
  for (const match of code.matchAll(STATIC)) {
    const [, type, names, specifier] = match;
    add(specifier ?? '', type !== undefined || onlyTypes(names ?? ''), match.index + match[0].length);
  }
  for (const match of code.matchAll(DYNAMIC)) add(match[1] ?? '?', false, match.index);
  for (const match of code.matchAll(WORKER)) add(match[1] ?? '', false, match.index);
  for (const match of code.matchAll(SIDE_EFFECT)) add(match[1] ?? '', false, match.index + match[0].length);
  return found;
}

/** `{ type A, type B }` leaves nothing at run time; `{ type A, b }` and a default import do. */
function onlyTypes(names: string): boolean {
  const inner = /^\{([^}]*)\}$/.exec(names.trim())?.[1];
  if (inner === undefined) return false;
  const parts = inner.split(',').map((part) => part.trim());
  return parts.filter((part) => part !== '').every((part) => part.startsWith('type '));
}

function targetOf(file: string, specifier: string, root: string): string | null {
  if (OURS_BY_OTHER_NAME.test(specifier)) return specifier;
  if (!specifier.startsWith('.')) return null;
  const path = join(root, dirname(file), specifier);
  const candidates = [path, `${path}.ts`, `${path}.tsx`, `${path}.js`, join(path, 'index.ts')];
  const existing = candidates.find((one) => existsSync(one) && statSync(one).isFile()) ?? path;
  return relative(root, existing).replaceAll('\\', '/');
}

export const importsOfFile = (file: string, root: string): readonly Import[] =>
  importsOf(file, readFileSync(join(root, file), 'utf8'), root);
