import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Hash } from '../protocol/refs.ts';
import { KzgHasher } from './kzg.ts';

const FOLDER = join(process.env['PLUMBLINE_FIXTURES'] ?? '../shared/fixtures', 'ethrex');

interface RecordedBlob {
  readonly file: string;
  readonly blobVersionedHash: Hash;
}
const EXPECTED = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Record<
  string,
  readonly RecordedBlob[]
>;
const RECORDED = Object.entries(EXPECTED).flatMap(([set, blobs]) => blobs.map((blob) => ({ set, ...blob })));

describe('recorded blobs', () => {
  const kzg = new KzgHasher();
  afterAll(() => kzg.close());

  test.each(RECORDED)(
    '$set/$file has the versioned hash that L1 recorded',
    async ({ set, file, blobVersionedHash }) => {
      const blob = new Uint8Array(readFileSync(join(FOLDER, set, file)));
      expect(await kzg.versionedHash(blob)).toBe(blobVersionedHash);
    },
  );
});
