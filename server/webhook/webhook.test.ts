import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { webhookBody } from '../api/webhookView.ts';
import type { JournalEvent } from '../journal/journal.ts';
import { ManualClock } from '../lib/clock.ts';
import { Secret } from '../telemetry/secret.ts';
import { SecretUrl } from '../telemetry/secretUrl.ts';
import { type CursorStore, cursorFile, type Saved } from './cursorFile.ts';
import { guardedLookup, guardedPost, isForbidden, type Post } from './guardedPost.ts';
import { EVENT_ID_HEADER, SIGNATURE_HEADER, sign, verify } from './signature.ts';
import { Webhook } from './webhook.ts';

const KEY = 'k'.repeat(32);
const NODE = { name: 'node-1', l1ChainId: 1, l2ChainId: 2 };

/** A journal in memory, a receiver that fails as it is told, and the lives of one webhook between them. */
class World {
  readonly clock = new ManualClock();
  readonly events: JournalEvent[] = [];
  saved: Saved | null = null;
  /** Bodies and headers that the receiver took. */
  readonly taken: { body: string; headers: Readonly<Record<string, string>> }[] = [];
  readonly results: string[] = [];
  /** Whether the receiver fails this try; and if so, whether it took it before it failed. */
  fails: () => false | 'before' | 'after' = () => false;
  webhook = this.start();

  start(): Webhook {
    const cursor: CursorStore = {
      read: async () => this.saved,
      write: async (state) => {
        this.saved = structuredClone(state);
      },
    };
    const post: Post = async (body, headers) => {
      const fails = this.fails();
      if (fails !== 'before') this.taken.push({ body, headers });
      return fails === false ? { ok: true } : { ok: false, message: 'it answered 500' };
    };
    return new Webhook(
      { host: 'sink.example', node: NODE },
      {
        clock: this.clock,
        journal: {
          since: async (after, limit) => this.events.filter(({ seq }) => seq > after).slice(0, limit),
        },
        openedAt: this.events.length,
        post,
        cursor,
        secret: new Secret(KEY),
        sentenceOf: ({ kind }) => `about ${kind}`,
        onChange: () => {},
        onResult: (result) => this.results.push(result),
        random: () => 0,
      },
    );
  }

  happens(kind = 'reorg.detected', payload: unknown = { id: `r${this.events.length + 1}` }): JournalEvent {
    const event = { seq: this.events.length + 1, at: this.clock.now(), kind, ref: null, payload };
    this.events.push(event);
    return event;
  }

  /** Steps until there is nothing to do, or a failure has to be waited for. */
  async settle(): Promise<string> {
    for (;;) {
      const pace = await this.webhook.step();
      if (pace !== 'again') return pace;
    }
  }

  get seqs(): number[] {
    return this.taken.map(({ body }) => (JSON.parse(body) as { seq: number }).seq);
  }
}

describe('the outbox', () => {
  it('tells reorgs and verdicts in their order, and nothing else', async () => {
    const w = new World();
    await w.settle();
    w.happens('reorg.detected');
    w.happens('batch.applied');
    w.happens('verdict.changed', { from: 'aligned', to: 'stalled' });
    w.happens('reorg.recovered');
    expect(await w.settle()).toBe('idle');
    expect(w.seqs).toEqual([1, 3, 4]);
    for (const { body } of w.taken) expect(webhookBody.safeParse(JSON.parse(body)).error).toBeUndefined();
    expect(JSON.parse(w.taken[0]!.body)).toMatchObject({
      schema: 'plumbline.webhook/1',
      sentence: 'about reorg.detected',
      path: '/reorgs/r1',
      node: NODE,
      data: { id: 'r1' },
    });
  });

  it('begins with what happens next: a node that gets a webhook does not tell its whole past', async () => {
    const w = new World();
    for (let i = 0; i < 250; i++) w.happens();
    w.webhook = w.start();
    await w.settle();
    expect(w.taken).toEqual([]);
    w.happens();
    await w.settle();
    expect(w.seqs).toEqual([251]);
  });

  it('signs each try with the time of it, over the very body that is sent', async () => {
    const w = new World();
    await w.settle();
    w.happens();
    await w.settle();
    const { body, headers } = w.taken[0]!;
    const now = w.clock.now() / 1000;
    expect(verify(KEY, headers[SIGNATURE_HEADER]!, body, { now })).toBe(true);
    expect(verify(KEY, headers[SIGNATURE_HEADER]!, `${body} `, { now })).toBe(false);
    expect(verify(`${KEY}x`, headers[SIGNATURE_HEADER]!, body, { now })).toBe(false);
    expect(verify(KEY, headers[SIGNATURE_HEADER]!, body, { now: now + 301 })).toBe(false);
    expect(headers[EVENT_ID_HEADER]).toBe((JSON.parse(body) as { id: string }).id);
  });

  it('after a try that failed it tells the same event again, with the same id, before any later one', async () => {
    const w = new World();
    await w.settle();
    w.happens();
    w.happens();
    const tries = ['after', 'before', false, false] as const;
    let at = 0;
    w.fails = () => tries[at++]!;
    expect(await w.settle()).toBe('failed');
    expect(w.webhook.view()).toMatchObject({
      pending: 2,
      failing: { seq: 1, tries: 1, message: 'it answered 500' },
    });
    expect(await w.settle()).toBe('failed');
    expect(await w.settle()).toBe('idle');
    expect(w.seqs).toEqual([1, 1, 2]);
    const ids = w.taken.map(({ headers }) => headers[EVENT_ID_HEADER]);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[1]);
    expect(w.webhook.view()).toMatchObject({ pending: 0, failing: null, dead: [] });
  });

  it('gives an event up after five retries, shows it, and goes on with the next', async () => {
    const w = new World();
    await w.settle();
    w.happens();
    w.happens();
    let tries = 0;
    w.fails = () => (++tries <= 6 ? 'before' : false);
    for (let i = 0; i < 5; i++) expect(await w.settle()).toBe('failed');
    expect(await w.settle()).toBe('idle');
    expect(tries).toBe(7);
    expect(w.seqs).toEqual([2]);
    expect(w.results).toEqual([...Array.from({ length: 5 }, () => 'retry'), 'dead', 'delivered']);
    expect(w.webhook.view().dead).toMatchObject([
      { seq: 1, kind: 'reorg.detected', message: 'it answered 500' },
    ]);
    w.webhook = w.start();
    await w.settle();
    expect(w.webhook.view().dead).toMatchObject([{ seq: 1 }]);
  });

  it('waits longer after each failure, and no new event shortens that', async () => {
    const w = new World();
    await w.settle();
    w.happens();
    const tried: number[] = [];
    const start = w.clock.now();
    w.fails = () => {
      tried.push((w.clock.now() - start) / 1_000);
      return 'before';
    };
    w.webhook.start();
    for (let second = 0; second < 700; second++) {
      await w.clock.advance(1_000);
      w.webhook.wake();
    }
    await w.webhook.stop();
    expect(tried).toEqual([0, 2, 10, 42, 170, 682]);
  });

  it('a crash at any point loses nothing: 1,000 events, a receiver that fails one try in five, restarts in between', async () => {
    const seed = 20_261_121;
    let state = seed;
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    const w = new World();
    await w.settle();
    w.fails = () => (random() < 0.2 ? (random() < 0.5 ? 'before' : 'after') : false);
    for (let i = 0; i < 1_000; i++) {
      w.happens();
      if (random() < 0.3) w.happens('batch.applied');
      await w.webhook.step();
      if (random() < 0.05) w.webhook = w.start();
    }
    while ((await w.settle()) !== 'idle') if (random() < 0.05) w.webhook = w.start();
    const wanted = w.events.filter(({ kind }) => kind === 'reorg.detected').map(({ seq }) => seq);
    expect([seed, [...new Set(w.seqs)], w.webhook.view().dead]).toEqual([seed, wanted, []]);
    expect(w.taken.length).toBeGreaterThan(wanted.length);
  });

  it('a journal that begins anew is followed from where it is', async () => {
    const w = new World();
    w.saved = { cursor: 900, dead: [] };
    w.happens();
    w.webhook = w.start();
    await w.settle();
    w.happens();
    await w.settle();
    expect(w.seqs).toEqual([2]);
  });
});

describe('the cursor’s file', () => {
  it('is read back as it was written, is its owner’s alone, and a broken one counts as none', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'plumbline-webhook-'));
    try {
      const path = join(dir, 'webhook.json');
      const store = cursorFile(path);
      expect(await store.read()).toBe(null);
      const state = { cursor: 7, dead: [{ seq: 1, kind: 'x', at: 2, gaveUpAt: 3, message: 'm' }] };
      await store.write(state);
      expect(await store.read()).toMatchObject(state);
      expect((await stat(path)).mode & 0o077).toBe(0);
      await writeFile(path, (await readFile(path, 'utf8')).slice(0, 20));
      expect(await store.read()).toBe(null);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe('where a webhook goes', () => {
  it.each([
    ['169.254.169.254', true],
    ['::ffff:169.254.169.254', true],
    ['::ffff:a9fe:a9fe', true],
    ['fe80::1', true],
    ['fd00:ec2::254', true],
    ['0.0.0.0', true],
    ['::', true],
    ['255.255.255.255', true],
    ['224.0.0.1', true],
    ['64:ff9b::a9fe:a9fe', true],
    ['not an address', true],
    ['127.0.0.1', false],
    ['::1', false],
    ['10.0.0.5', false],
    ['192.168.1.5', false],
    ['8.8.8.8', false],
    ['2606:4700::1111', false],
  ])('%s: forbidden %s', (address, forbidden) => {
    expect(isForbidden(address)).toBe(forbidden);
  });

  const post = (url: string, lookup?: Parameters<typeof guardedPost>[1]) =>
    guardedPost(SecretUrl.parse(url, ['http:', 'https:'])!, lookup)('{}', {}, new AbortController().signal);

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://[fe80::1]/',
    'http://0/',
  ])('%s is refused before anything is sent', async (url) => {
    expect(await post(url)).toEqual({ ok: false, message: expect.stringContaining('webhooks do not go to') });
  });

  it('a name is refused when any of its addresses is, at the very look-up that connects', async () => {
    const names = guardedLookup(((_name: string, _options: object, done: (...args: unknown[]) => void) =>
      done(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '169.254.169.254', family: 4 },
      ])) as never);
    expect(await post('http://rebound.example/', names)).toEqual({
      ok: false,
      message: 'webhooks do not go to 169.254.169.254',
    });
  });

  describe('on a receiver', () => {
    let server: Server | null = null;
    afterEach(() => {
      server?.closeAllConnections();
      server?.close();
    });

    async function receiver(status: number, headers: Record<string, string> = {}) {
      const asked: { path: string | undefined; body: string; auth: string | undefined }[] = [];
      const own = createServer((request, response) => {
        let body = '';
        request.on('data', (chunk) => {
          body += chunk;
        });
        request.on('end', () => {
          asked.push({ path: request.url, body, auth: request.headers.authorization });
          response.writeHead(status, headers).end('x'.repeat(100_000));
        });
      });
      server = own;
      await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
      return { asked, host: `127.0.0.1:${(own.address() as AddressInfo).port}` };
    }

    it('a 2xx is taken, whatever the body says', async () => {
      const { asked, host } = await receiver(202);
      expect(await post(`http://user:p%40ss@${host}/hook?key=1`)).toEqual({ ok: true });
      const auth = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
      expect(asked).toEqual([{ path: '/hook?key=1', body: '{}', auth }]);
    });

    it('a redirect is not followed', async () => {
      const { asked, host } = await receiver(302, { location: 'http://169.254.169.254/' });
      expect(await post(`http://${host}/`)).toEqual({ ok: false, message: 'it answered 302' });
      expect(asked).toHaveLength(1);
    });

    it('what failed is said without the path and its key', async () => {
      const { host } = await receiver(500);
      expect(await post(`http://${host}/secret-path`)).toEqual({ ok: false, message: 'it answered 500' });
      server?.closeAllConnections();
      await new Promise((resolve) => server?.close(resolve));
      const outcome = await post(`http://${host}/secret-path`);
      expect(outcome).toEqual({ ok: false, message: 'ECONNREFUSED' });
    });
  });
});

it('a signature of the documented form is what openssl makes of "t.body"', () => {
  // printf '1700000000.{}' | openssl dgst -sha256 -hmac kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk
  expect(sign(KEY, 1_700_000_000, '{}')).toBe(
    't=1700000000,v1=0b3b35525c10b3757ffa78df69037021fc3168d8390a51a4fcb4a8d56a25b557',
  );
});
