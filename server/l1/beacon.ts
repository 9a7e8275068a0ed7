/**
 * Blobs from a beacon endpoint. Three ways of asking are in use, tried in turn; the one that answered is tried
 * first next time:
 *  - `blobs/{slot}` (beacon-APIs `getBlobs`): consensus clients of the Fulu hardfork and later;
 *  - `blob_sidecars/{slot}` (beacon-APIs `getBlobSidecars`): older ones;
 *  - `blobs/{execution block hash}`: anvil, which has no slots.
 * Nothing they answer is trusted: a blob counts when its own KZG commitment hashes to the wanted versioned hash.
 */
import { createHash } from 'node:crypto';
import type { Hash, L1BlockRef } from '../protocol/refs.ts';
import { redactUrl } from '../telemetry/redact.ts';
import { fetchJson, type HttpAnswer } from './jsonRpc.ts';
import type { KzgHasher } from './kzg.ts';
import { L1Error } from './l1.ts';

export interface BeaconOptions {
  readonly url: string;
  readonly timeoutMs: number;
  readonly kzg: Pick<KzgHasher, 'versionedHash'>;
}

/** Room for 48 blobs in hex with their proofs; a block of the BPO2 hardfork has at most 21. */
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;
const METHOD = 'beacon blobs';
/** Characters of what a program says of itself. */
const MAX_VERSION_LENGTH = 100;

interface SlotClock {
  readonly genesisTime: number;
  readonly secondsPerSlot: number;
}
type Style = 'blobsBySlot' | 'sidecarsBySlot' | 'blobsByExecutionHash';

export class BeaconClient {
  readonly #options: BeaconOptions;
  /** Undefined until asked; null for an endpoint without slots. */
  #clock: SlotClock | null | undefined;
  #preferred: Style | null = null;

  constructor(options: BeaconOptions) {
    this.#options = options;
  }

  /**
   * The blob with that versioned hash in that execution block, or null when the endpoint has none for it.
   * Rejects with `bad_answer` when it serves blobs of which none has that hash.
   */
  async blob(block: L1BlockRef, versionedHash: Hash, signal?: AbortSignal): Promise<Uint8Array | null> {
    const clock = await this.#slotClock(signal);
    let wrong = 0;
    for (const style of this.#styles(clock)) {
      const served = await this.#ask(this.#path(style, block, versionedHash, clock), signal);
      // What an answer claims only decides what is computed first: a commitment can take most of a second.
      for (const { blob } of served.toSorted((a, b) => rank(a, versionedHash) - rank(b, versionedHash))) {
        if ((await this.#options.kzg.versionedHash(blob, signal)) === versionedHash) {
          this.#preferred = style;
          return blob;
        }
        wrong += 1;
      }
    }
    if (wrong === 0) return null;
    const host = redactUrl(this.#options.url);
    throw new L1Error('bad_answer', METHOD, `${host} served ${wrong} blobs, none of them ${versionedHash}`);
  }

  /** Proves that the endpoint answers. `version`: beacon-APIs `getNodeVersion`; null where it has no such question. */
  async answers(signal?: AbortSignal): Promise<{ readonly host: string; readonly version: string | null }> {
    const { version } = dataOf(await this.#get('/eth/v1/node/version', signal));
    return {
      host: redactUrl(this.#options.url),
      version: typeof version === 'string' ? version.slice(0, MAX_VERSION_LENGTH) : null,
    };
  }

  #styles(clock: SlotClock | null): readonly Style[] {
    const usable: readonly Style[] =
      clock === null ? ['blobsByExecutionHash'] : ['blobsBySlot', 'sidecarsBySlot', 'blobsByExecutionHash'];
    const preferred = usable.find((style) => style === this.#preferred);
    return preferred === undefined ? usable : [preferred, ...usable.filter((style) => style !== preferred)];
  }

  #path(style: Style, block: L1BlockRef, versionedHash: Hash, clock: SlotClock | null): string {
    const slot =
      clock === null ? 0 : Math.floor((block.timestamp - clock.genesisTime) / clock.secondsPerSlot);
    switch (style) {
      case 'blobsBySlot':
        return `/eth/v1/beacon/blobs/${slot}?versioned_hashes=${versionedHash}`;
      case 'sidecarsBySlot':
        return `/eth/v1/beacon/blob_sidecars/${slot}`;
      case 'blobsByExecutionHash':
        return `/eth/v1/beacon/blobs/${block.hash}?versioned_hashes=${versionedHash}`;
    }
  }

  /** The blobs of one answer; none when the endpoint does not know the path or the block. */
  async #ask(path: string, signal?: AbortSignal): Promise<readonly Served[]> {
    const { json } = await this.#get(path, signal);
    const data = (json as { data?: unknown } | undefined)?.data;
    return Array.isArray(data) ? data.map(servedOf) : [];
  }

  /** Read once: genesis time and slot length never change. Both are needed, else the endpoint has no slots. */
  async #slotClock(signal?: AbortSignal): Promise<SlotClock | null> {
    if (this.#clock !== undefined) return this.#clock;
    const genesis = dataOf(await this.#get('/eth/v1/beacon/genesis', signal));
    const spec = dataOf(await this.#get('/eth/v1/config/spec', signal));
    const genesisTime = Number(genesis['genesis_time'] ?? Number.NaN);
    const secondsPerSlot = Number(spec['SECONDS_PER_SLOT'] ?? Number(spec['SLOT_DURATION_MS']) / 1000);
    this.#clock =
      Number.isSafeInteger(genesisTime) && secondsPerSlot > 0 ? { genesisTime, secondsPerSlot } : null;
    return this.#clock;
  }

  /** The path below the endpoint's own, which may end in a slash or carry a key in its query. */
  #url(path: string): string {
    const [pathname, query] = path.split('?');
    const url = new URL(this.#options.url);
    url.pathname = url.pathname.replace(/\/+$/, '') + pathname;
    for (const [key, value] of new URLSearchParams(query)) url.searchParams.set(key, value);
    return url.href;
  }

  /** Answers of the 4xx kind are "not here"; only an endpoint that does not answer at all, or limits us, rejects. */
  async #get(path: string, signal?: AbortSignal): Promise<HttpAnswer> {
    const answer = await fetchJson(this.#url(path), {
      label: METHOD,
      timeoutMs: this.#options.timeoutMs,
      maxBytes: MAX_RESPONSE_BYTES,
      ...(signal === undefined ? {} : { signal }),
      request: { headers: { accept: 'application/json' } },
    });
    const host = redactUrl(this.#options.url);
    if (answer.status === 429) {
      throw new L1Error('rate_limited', METHOD, `${host} limits our rate`, undefined, answer.retryAfterMs);
    }
    if (answer.status >= 500 && answer.status !== 501) {
      throw new L1Error('unreachable', METHOD, `${host} answered HTTP ${answer.status}`);
    }
    if (answer.status === 200 && answer.json === undefined) {
      throw new L1Error('bad_answer', METHOD, `${host} answered with something that is not JSON`);
    }
    return answer.status === 200 ? answer : { ...answer, json: undefined };
  }
}

interface Served {
  readonly blob: Uint8Array;
  /** Hash of the commitment that a sidecar claims for it; null where none is given. */
  readonly claimed: Hash | null;
}

/** A blob is a string in one form of the answer and a field of a sidecar in the other. */
function servedOf(entry: unknown): Served {
  if (typeof entry === 'string') return { blob: bytesOf(entry), claimed: null };
  const sidecar = (entry ?? {}) as { readonly blob?: unknown; readonly kzg_commitment?: unknown };
  const commitment = bytesOf(sidecar.kzg_commitment);
  return {
    blob: bytesOf(sidecar.blob),
    claimed: commitment.length === 0 ? null : versionedHashOf(commitment),
  };
}

/** What is not hex becomes bytes that are no blob. */
function bytesOf(text: unknown): Uint8Array {
  const decoded = Buffer.from(typeof text === 'string' ? text.replace(/^0x/, '') : '', 'hex');
  return new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.length);
}

/** EIP-4844 `kzg_to_versioned_hash`. */
const versionedHashOf = (commitment: Uint8Array): Hash =>
  `0x01${createHash('sha256').update(commitment).digest('hex').slice(2)}`;

const rank = ({ claimed }: Served, wanted: Hash): number => {
  if (claimed === null) return 1;
  return claimed === wanted ? 0 : 2;
};

const dataOf = ({ json }: HttpAnswer): Record<string, unknown> => {
  const data = (json as { data?: unknown } | undefined)?.data;
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
};
