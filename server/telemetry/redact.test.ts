import { describe, expect, test } from 'vitest';
import { redactText, redactUrl } from './redact.ts';

describe('redaction', () => {
  test.each([
    ['https://mainnet.example.com/v3/0123456789abcdef', 'https://mainnet.example.com/***'],
    ['https://user:pass@rpc.example.com/', 'https://rpc.example.com/***'],
    ['wss://rpc.example.com:8546/?key=abc', 'wss://rpc.example.com:8546/***'],
    ['http://127.0.0.1:8545', 'http://127.0.0.1:8545'],
    ['http://127.0.0.1:8545/', 'http://127.0.0.1:8545'],
    ['http://[::1]:8545/#token', 'http://[::1]:8545/***'],
    ['not a url with key=abc', '***'],
    ['data:text/plain,secret', 'data:***'],
  ])('%s shows host and port only', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });

  test('URLs inside a text lose their secrets, and control characters cannot forge a log line', () => {
    const text = 'request to https://rpc.example.com/v3/abc?x=1 failed\r\nlevel=error (wss://u:p@h/k)';
    expect(redactText(text)).toBe('request to https://rpc.example.com/*** failed level=error (wss://h/***');
    expect(redactText('x'.repeat(500))).toHaveLength(300);
  });
});
