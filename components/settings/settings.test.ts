import { describe, expect, it } from 'vitest';
import {
  DEFAULT_SETTINGS,
  explorerLink,
  explorerProblem,
  readSettings,
  type Settings,
  writeSettings,
} from './settings.ts';

const CHANGED: Settings = {
  zone: 'local',
  time: 'absolute',
  density: 'compact',
  motion: 'reduced',
  shortcuts: false,
  explorers: {
    ...DEFAULT_SETTINGS.explorers,
    l1Block: 'https://explorer.example/block/{id}?a=1;b=2&c= d',
    l2Tx: 'http://localhost:4000/tx/{id}',
  },
  notify: { desktop: true, sound: true, reorgDepth: 4, verdict: false, ownTurn: true },
};

describe('the settings', () => {
  it('come back from the cookie as they went in', () => {
    for (const settings of [DEFAULT_SETTINGS, CHANGED]) {
      expect(readSettings(writeSettings(settings))).toEqual(settings);
    }
  });

  it('are never more than one cookie holds, and hold nothing that ends a cookie', () => {
    const long = `https://explorer.example/${'x'.repeat(160)}/{id}`;
    const explorers = Object.fromEntries(
      Object.keys(DEFAULT_SETTINGS.explorers).map((kind) => [kind, long]),
    ) as Settings['explorers'];
    const value = writeSettings({ ...CHANGED, explorers });
    expect(value.length).toBeLessThan(3_900);
    expect(value).not.toMatch(/[;,\s]/);
  });

  it.each([
    '',
    'zone=mars&time=&depth=-4&shortcuts=yes',
    '%%%',
    'l1Block=javascript:alert(1)/{id}',
    'x'.repeat(5_000),
  ])('fall back to the default where the cookie is not ours: %.20s', (value) => {
    expect(readSettings(value)).toEqual(DEFAULT_SETTINGS);
  });
});

describe('an explorer', () => {
  it.each([
    ['', null],
    ['https://explorer.example/tx/{id}', null],
    ['https://explorer.example/tx/', 'The address needs {id} where the hash or number goes.'],
    ['javascript:alert({id})', 'Only http and https addresses are linked.'],
    ['data:text/html,{id}', 'Only http and https addresses are linked.'],
    ['explorer/{id}', 'This is no web address.'],
    ['https://me:secret@explorer.example/{id}', 'The address holds a name or a password: leave it out.'],
  ])('is judged before it is linked: %s', (template, problem) => {
    expect(explorerProblem(template)).toBe(problem);
  });

  it('is linked with the id in its place, as one part of the path', () => {
    expect(explorerLink(CHANGED, 'l2Tx', '0x12/../a')).toBe('http://localhost:4000/tx/0x12%2F..%2Fa');
    expect(explorerLink(CHANGED, 'l2Block', 12)).toBeNull();
  });
});
