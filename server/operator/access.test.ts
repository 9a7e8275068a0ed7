import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Access, FRESH_MS, SESSION_MS } from './access.ts';
import { holderOf, parseTokens, readTokenFile } from './tokens.ts';

const ANA = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const BOB = 'c775e7b757ede630cd0aa1113bd102661ab38829ca52a6422ab782862f268646';

function holders(text: string) {
  const read = parseTokens(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

describe('W7: the token file', () => {
  let dir: string;
  let file: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'plumbline-tokens-'));
    file = join(dir, 'token');
    writeFileSync(file, `${ANA}\n`, { mode: 0o600 });
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('is read when only its owner can', () => {
    expect(readTokenFile(file)).toMatchObject({ ok: true, value: [{ name: 'operator', role: 'operator' }] });
  });

  it.each([0o640, 0o604, 0o620, 0o660, 0o644, 0o777])('of mode %o is refused with the way out', (mode) => {
    chmodSync(file, mode);
    expect(readTokenFile(file)).toMatchObject({ ok: false, error: expect.stringContaining('chmod 600') });
  });

  it('that is missing is refused', () => {
    expect(readTokenFile(join(dir, 'none'))).toMatchObject({
      ok: false,
      error: expect.stringContaining('ENOENT'),
    });
  });

  it('behind a link counts as the file that it names', () => {
    const link = join(dir, 'link');
    symlinkSync(file, link);
    expect(readTokenFile(link)).toMatchObject({ ok: true });
    chmodSync(file, 0o644);
    expect(readTokenFile(link)).toMatchObject({ ok: false });
  });

  it.each([
    ['', /holds no token/],
    ['# a comment\n\n', /holds no token/],
    ['short', /line 1 holds no token of 256 bits/],
    [`${ANA}0`, /line 1 holds no token of 256 bits/],
    ['0123456789abcdef'.repeat(4), /no random token/],
    ['a'.repeat(64), /no random token/],
    [`boss ana ${ANA}`, /begins with no role/],
    [`operator a;b ${ANA}`, /name with other signs/],
    [`operator ana ${ANA} x`, /neither TOKEN nor ROLE NAME TOKEN/],
    [`operator ana ${ANA}\nviewer ana ${BOB}`, /same name/],
  ])('that reads %j is refused, without repeating it', (text, sentence) => {
    const read = parseTokens(text);
    expect(read).toMatchObject({ ok: false, error: expect.stringMatching(sentence) });
    expect(JSON.stringify(read)).not.toContain(ANA);
  });

  it('may name several holders and their roles', () => {
    expect(holders(`# who\noperator ana ${ANA}\nviewer bob ${BOB}\n`)).toMatchObject([
      { name: 'ana', role: 'operator' },
      { name: 'bob', role: 'viewer' },
    ]);
  });

  it('leaves nothing of the tokens in memory but their digests', () => {
    const all = holders(`operator ana ${ANA}`);
    expect(
      JSON.stringify(all.map((one) => ({ ...one, digest: Buffer.from(one.digest).toString('hex') }))),
    ).not.toContain(ANA);
    expect(holderOf(all, ANA)?.name).toBe('ana');
    expect(holderOf(all, BOB)).toBeNull();
    expect(holderOf(all, '')).toBeNull();
  });
});

describe('who may come in', () => {
  let now: number;
  let access: Access;
  beforeEach(() => {
    now = 1_000_000;
    access = new Access(holders(`operator ana ${ANA}\nviewer bob ${BOB}`), () => now);
  });
  const bearer = (token: string, address = '1.1.1.1') =>
    access.identify({ bearer: token, session: null, address }, true);
  const session = (id: string, counts = true) =>
    access.identify({ bearer: null, session: id, address: '1.1.1.1' }, counts);
  const open = (token = ANA): string => {
    const opened = access.open(token, '1.1.1.1');
    if (opened.id === null) throw new Error('refused');
    return opened.id;
  };

  it('W9: a token has the role of its line', () => {
    expect(bearer(ANA)).toMatchObject({
      kind: 'somebody',
      caller: { name: 'ana', role: 'operator', fresh: true },
    });
    expect(bearer(BOB)).toMatchObject({ kind: 'somebody', caller: { name: 'bob', role: 'viewer' } });
    expect(bearer('x')).toEqual({ kind: 'wrong' });
  });

  it('W8: a session ends after 12 hours, and is fresh for 5 minutes', () => {
    const id = open();
    expect(id).toMatch(/^[\w-]{43}$/);
    now += FRESH_MS;
    expect(session(id)).toMatchObject({ caller: { fresh: true, via: 'session' } });
    now += 1;
    expect(session(id)).toMatchObject({ kind: 'somebody', caller: { fresh: false } });
    now += SESSION_MS - FRESH_MS - 2;
    expect(session(id)).toMatchObject({ kind: 'somebody' });
    now += 1;
    expect(session(id)).toEqual({ kind: 'wrong' });
  });

  it('W8: a session that was signed out is over', () => {
    const id = open();
    access.close(id);
    expect(session(id)).toEqual({ kind: 'wrong' });
  });

  it('W14: five failures a minute from one address, then it waits, longer each time; others do not', () => {
    for (let i = 0; i < 5; i++) expect(bearer('x')).toEqual({ kind: 'wrong' });
    expect(bearer(ANA)).toEqual({ kind: 'limited', retryAfterMs: 60_000 });
    expect(bearer(ANA, '2.2.2.2')).toMatchObject({ kind: 'somebody' });
    now += 60_000;
    expect(bearer(ANA)).toMatchObject({ kind: 'somebody' });
    for (let i = 0; i < 5; i++) expect(bearer('x')).toEqual({ kind: 'wrong' });
    expect(bearer(ANA)).toEqual({ kind: 'limited', retryAfterMs: 120_000 });
  });

  it('W14: four a minute go on for ever', () => {
    for (let i = 0; i < 40; i++) {
      expect(bearer('x')).toEqual({ kind: 'wrong' });
      now += 15_001;
    }
  });

  it('W14: a session that is open is not kept out by who fails at its address', () => {
    const id = open();
    for (let i = 0; i < 5; i++) bearer('x');
    expect(session(id)).toMatchObject({ kind: 'somebody' });
  });

  it('a page that only asks who is signed in uses up nothing', () => {
    for (let i = 0; i < 20; i++) session('stale', false);
    expect(bearer(ANA)).toMatchObject({ kind: 'somebody' });
  });

  it('W7: new tokens end the sessions of those that are gone', () => {
    const [ana, bob] = [open(ANA), open(BOB)];
    access.replace(holders(`operator ana ${ANA}`));
    expect(session(ana)).toMatchObject({ kind: 'somebody' });
    expect(session(bob)).toEqual({ kind: 'wrong' });
    expect(bearer(BOB)).toEqual({ kind: 'wrong' });
    access.replace(holders(`viewer ana ${ANA}`));
    expect(session(ana)).toEqual({ kind: 'wrong' });
  });
});
