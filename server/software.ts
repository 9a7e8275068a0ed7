import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as {
  version: string;
};

/** What this program calls itself, on the page and to other nodes. */
export const SOFTWARE = `plumbline/${version}`;
