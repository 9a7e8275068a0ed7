import { describe, expect, it } from 'vitest';
import { type GoSince, KEY_HELP, type KeyAction, type KeyPress, stepKeys } from './keys.ts';
import { PLACES, pageNameOf, placeOf } from './places.ts';

const press = (key: string, over: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrl: false,
  meta: false,
  alt: false,
  taken: false,
  at: 0,
  ...over,
});

const typed = (...presses: KeyPress[]): (KeyAction | null)[] => {
  let since: GoSince = null;
  return presses.map((one) => {
    const step = stepKeys(since, one);
    since = step.since;
    return step.action;
  });
};

describe('keys', () => {
  it('go to every page, after g', () => {
    for (const { key, path, name } of PLACES) {
      if (key === null) throw new Error(`no key goes to ${name}`);
      expect(KEY_HELP).toContainEqual({ keys: ['g', key], does: `Go to ${name}` });
      expect(typed(press('g'), press(key))).toEqual([null, { kind: 'go', path }]);
    }
  });

  it('forget the g after a while, and after another key', () => {
    expect(typed(press('g'), press('c', { at: 1_501 }))).toEqual([null, null]);
    expect(typed(press('g'), press('x'), press('c'))).toEqual([null, null, null]);
  });

  it('take g p for nothing but a pause', () => {
    expect(typed(press('g'), press('p'))).toEqual([null, { kind: 'pause' }]);
  });

  it('are left to a field or a dialog, but for the palette', () => {
    for (const key of ['/', '?', 'p', 'g']) expect(typed(press(key, { taken: true }))).toEqual([null]);
    expect(typed(press('k', { ctrl: true, taken: true }))).toEqual([{ kind: 'palette' }]);
    expect(typed(press('K', { meta: true }))).toEqual([{ kind: 'palette' }]);
  });

  it("leave the browser's own keys alone", () => {
    expect(typed(press('p', { ctrl: true }))).toEqual([null]);
    expect(typed(press('/', { meta: true }))).toEqual([null]);
    expect(typed(press('g', { ctrl: true }), press('c'))).toEqual([null, null]);
  });

  it('are different for different pages', () => {
    const keys = PLACES.flatMap(({ key }) => (key === null ? [] : [key]));
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).not.toContain('p');
  });
});

describe('places', () => {
  it("know their own addresses and what lies under them, and nobody else's", () => {
    expect(placeOf('/')?.name).toBe('Overview');
    expect(placeOf('/reorgs/r-57')?.name).toBe('Reorgs');
    expect(placeOf('/reorgsx')).toBeNull();
    expect(pageNameOf('/')).toBeNull();
    expect(pageNameOf('/chain')).toBe('Chain');
  });
});
