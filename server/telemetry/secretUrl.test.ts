import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SecretUrl } from './secretUrl.ts';

const SECRET_PARTS = ['hunter2', 'k3y-in-path', 'k3y-in-query', 'operator'];
const url = SecretUrl.parse('https://operator:hunter2@rpc.example:8443/v2/k3y-in-path?key=k3y-in-query#x', [
  'https:',
]);

describe('SecretUrl', () => {
  it('gives itself away to nobody who prints it', () => {
    const error = new Error(`cannot reach ${url}`);
    const printed = [
      `${url}`,
      String(url),
      JSON.stringify({ url }),
      inspect(url),
      inspect({ deep: { url, list: [url] } }, { depth: 9, showHidden: true }),
      inspect(error),
      `${[url]}`,
      JSON.stringify(Object.entries(url ?? {})),
      JSON.stringify(structuredClone({ ...url })),
    ];
    for (const text of printed) for (const part of SECRET_PARTS) expect(text).not.toContain(part);
    expect(`${url}`).toBe('https://rpc.example:8443/***');
  });

  it('reveals the URL to the one who connects, and the host to all', () => {
    expect(url?.reveal()).toBe('https://operator:hunter2@rpc.example:8443/v2/k3y-in-path?key=k3y-in-query#x');
    expect(url?.host).toBe('rpc.example:8443');
  });

  it('is null for what is not an absolute URL of a wanted scheme', () => {
    for (const text of [
      '',
      'localhost:8545',
      'ftp://host',
      'https://',
      'file:///etc/passwd',
      'http:/one-slash?',
    ]) {
      expect(SecretUrl.parse(text, ['https:', 'wss:']), text).toBeNull();
    }
    expect(SecretUrl.parse('ws://127.0.0.1:8546', ['ws:', 'wss:'])?.toString()).toBe('ws://127.0.0.1:8546');
  });
});
