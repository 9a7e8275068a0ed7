import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadCommonConfig } from '../config.ts';

const TOKEN = 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9';
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'plumbline-exposure-'));
  writeFileSync(join(dir, 'token'), TOKEN, { mode: 0o600 });
  writeFileSync(join(dir, 'cert.pem'), 'certificate', { mode: 0o644 });
  writeFileSync(join(dir, 'key.pem'), 'the private key', { mode: 0o600 });
});
afterEach(() => rmSync(dir, { recursive: true }));

const load = (env: Readonly<Record<string, string>>) => loadCommonConfig({ env, cwd: dir });
const problems = (env: Readonly<Record<string, string>>): string => {
  const loaded = load(env);
  return loaded.ok ? '' : loaded.error.map(({ message }) => message).join('\n');
};
const TLS = { PLUMBLINE_TLS_CERT: 'cert.pem', PLUMBLINE_TLS_KEY: 'key.pem' };
const FILE = { PLUMBLINE_OPERATOR_TOKEN_FILE: 'token' };

it('W1: the start fails away from loopback without a token, and without TLS or a proxy', () => {
  const away = { PLUMBLINE_HOST: '0.0.0.0' };
  expect(problems(away)).toMatch(/operator token.*TLS/);
  expect(problems({ ...away, ...FILE })).toMatch(/TLS/);
  expect(problems({ ...away, ...TLS })).toMatch(/operator token/);
  expect(problems({ ...away, ...FILE, ...TLS })).toBe('');
  expect(problems({ ...away, ...FILE, PLUMBLINE_BEHIND_PROXY: 'node.example' })).toBe('');
  expect(problems({})).toBe('');
});

it('W7: the start fails on a token file that others can read, and on none that is there', () => {
  expect(load(FILE)).toMatchObject({ ok: true, value: { operatorTokens: { kind: 'file' } } });
  chmodSync(join(dir, 'token'), 0o640);
  expect(problems(FILE)).toMatch(/mode 0640.*chmod 600/);
  expect(problems({ PLUMBLINE_OPERATOR_TOKEN_FILE: 'none' })).toMatch(/ENOENT/);
});

it('W7: a token in the environment is taken, weak ones are not, and it is printed nowhere', () => {
  const loaded = load({ PLUMBLINE_OPERATOR_TOKEN: TOKEN });
  expect(loaded.ok).toBe(true);
  expect(JSON.stringify(loaded)).not.toContain(TOKEN);
  expect(problems({ PLUMBLINE_OPERATOR_TOKEN: 'secret1' })).toMatch(/256 bits/);
  expect(problems({ PLUMBLINE_OPERATOR_TOKEN: 'secret1' })).not.toContain('secret1');
  expect(problems({ PLUMBLINE_OPERATOR_TOKEN: TOKEN, ...FILE })).toMatch(/set one of them/);
});

it('the key of the certificate is for its owner alone, and not printed either', () => {
  expect(JSON.stringify(load(TLS))).not.toContain('the private key');
  chmodSync(join(dir, 'key.pem'), 0o644);
  expect(problems(TLS)).toMatch(/PLUMBLINE_TLS_KEY.*mode 0644/);
  expect(problems({ PLUMBLINE_TLS_CERT: 'cert.pem' })).toMatch(/both --tls-cert and --tls-key/);
});
