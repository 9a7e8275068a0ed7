import { expect, it } from 'vitest';
import { safeLink } from './links.ts';

it.each([
  ['http://localhost:3001', 'http://localhost:3001/'],
  ['https://node-2.example/plumbline', 'https://node-2.example/plumbline'],
  ['javascript:alert(1)', null],
  ['JaVaScRiPt:alert(1)', null],
  [' javascript:alert(1)', null],
  ['data:text/html,x', null],
  ['http://name:secret@localhost:3001', null],
  ['//elsewhere.example', null],
  ['/relative', null],
  ['', null],
])('a link to another node is http or https, or none: %s', (text, link) => {
  expect(safeLink(text)).toBe(link);
});
