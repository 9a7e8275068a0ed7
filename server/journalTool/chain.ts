import { createHash } from 'node:crypto';
import type { StoredRow } from './source.ts';

const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** What stands before the first row of the journal with this id. */
export const genesisHash = (id: string): Buffer => sha256(`plumbline journal ${id}`);

/** A row as canonical JSON (RFC 8785), with its payload as it is stored. */
export const rowText = ({ seq, at, kind, ref, payload }: Omit<StoredRow, 'hash'>): string =>
  `{"at":${at},"kind":${JSON.stringify(kind)},"payload":${payload},"ref":${JSON.stringify(ref)},"seq":${seq}}`;

/** SHA-256 of the hash before and of the row. */
export const rowHash = (before: Uint8Array, row: Omit<StoredRow, 'hash'>): Buffer =>
  sha256(before, rowText(row));
