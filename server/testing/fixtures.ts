import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = (): string =>
  process.env['PLUMBLINE_FIXTURES'] ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'fixtures');

/** Folder of recorded data, or null where it is not: a bench then measures what it makes itself. */
export function fixture(name: string): string | null {
  const dir = join(root(), name);
  return existsSync(dir) ? dir : null;
}

/** The same for a conformance test, which fails rather than skips without its data. */
export function requiredFixture(name: string): string {
  const dir = fixture(name);
  if (dir === null)
    throw new Error(`no recorded data ${name} in ${root()}: set PLUMBLINE_FIXTURES to its folder`);
  return dir;
}
