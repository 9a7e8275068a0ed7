import { expect, it } from 'vitest';
import { type CommandContext, EXIT } from './command.ts';
import { operatorApi } from './operatorApi.ts';

const context = {
  env: { PLUMBLINE_OPERATOR_TOKEN: 'ab'.repeat(32) },
  projectDir: '/nowhere',
} as unknown as CommandContext;

it.each([
  ['http://localhost:3000', null],
  ['http://127.0.0.1:3000', null],
  ['http://[::1]:3000', null],
  ['https://node.example', null],
  ['http://node.example:3000', /node\.example:3000 over plain HTTP/],
  ['http://localhost.example', /over plain HTTP/],
  ['ftp://localhost', /must be an address/],
])('an operator token goes to %s, or is kept: %s', (url, sentence) => {
  const open = () => operatorApi({ url }, context);
  if (sentence === null) return void expect(open).not.toThrow();
  expect(open).toThrow(sentence);
  expect(open).toThrow(expect.objectContaining({ exitCode: EXIT.usage }));
});
