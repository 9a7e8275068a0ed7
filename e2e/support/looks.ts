import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, type Page, type TestInfo } from '@playwright/test';

/**
 * What a page looks like, kept in two forms that hold on a machine with other fonts behind ours and another rasteriser:
 * the boxes of its parts within a few pixels, and its picture so small that a letter is less than a point of it.
 */

/** One point of a small picture stands for a square of this many CSS pixels on a side. */
const POINT_PX = 20;
/** Of a long page this much is looked at. CSS pixels. */
export const SEEN_PX = 1_400;
/** Glyphs that our fonts lack come from the machine, and may be this much wider or higher. CSS pixels. */
const SLACK_PX = 6;
const SLACK_OF_SIZE = 0.03;

interface Box {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The named parts that are seen, in the order of the document. */
export const boxesOf = (page: Page): Promise<readonly Box[]> =>
  page.evaluate(() => {
    const PARTS =
      'header.masthead, nav[aria-label], main, main h1, main section[aria-label], main section[aria-labelledby]';
    return [...document.querySelectorAll<HTMLElement>(PARTS)].flatMap((one) => {
      const { x, y, width, height } = one.getBoundingClientRect();
      if (width < 2 || height < 2 || !one.checkVisibility()) return [];
      const by = one.getAttribute('aria-labelledby');
      const label =
        one.getAttribute('aria-label') ?? (by === null ? null : document.getElementById(by)?.textContent);
      const name = `${one.localName} ${label ?? ''}`.trim();
      const at = { x, y: y + window.scrollY, width, height };
      return {
        name,
        ...(Object.fromEntries(Object.entries(at).map(([k, v]) => [k, Math.round(v)])) as typeof at),
      };
    });
  });

const near = (a: number, b: number): boolean =>
  Math.abs(a - b) <= Math.max(SLACK_PX, Math.abs(b) * SLACK_OF_SIZE);

/** Heights add up down the page, so a part is placed against the one before it. */
const differences = (now: readonly Box[], before: readonly Box[]): string[] => {
  const names = (boxes: readonly Box[]): string => boxes.map(({ name }) => name).join(' · ');
  if (names(now) !== names(before)) return [`parts now: ${names(now)}\nbefore:    ${names(before)}`];
  return now.flatMap((box, i) => {
    const old = before[i]!;
    const [down, wasDown] = [box.y - (now[i - 1]?.y ?? 0), old.y - (before[i - 1]?.y ?? 0)];
    const pairs = [
      ['x', box.x, old.x],
      ['width', box.width, old.width],
      ['height', box.height, old.height],
      ['below the part before', down, wasDown],
    ] as const;
    return pairs
      .filter(([, a, b]) => !near(a, b))
      .map(([what, a, b]) => `${box.name}: ${what} ${a}, was ${b}`);
  });
};

/** Holds boxes against those that are kept as `name`; writes them where the runner was told to (--update-snapshots). */
export const expectBoxes = (
  info: TestInfo,
  name: string,
  now: Readonly<Record<string, readonly Box[]>>,
): void => {
  const file = info.snapshotPath(name);
  const { updateSnapshots } = info.config;
  const kept = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, readonly Box[]>)
    : null;
  const wrong =
    kept === null
      ? ['there is no snapshot']
      : Object.entries(now).flatMap(([form, boxes]) =>
          differences(boxes, kept[form] ?? []).map((line) => `${form}: ${line}`),
        );
  const writes = updateSnapshots === 'all' || updateSnapshots === 'changed';
  if (writes ? wrong.length > 0 : kept === null && updateSnapshots === 'missing') {
    mkdirSync(dirname(file), { recursive: true });
    const lines = Object.entries(now).map(
      ([form, boxes]) =>
        `  "${form}": [\n${boxes.map((box) => `    ${JSON.stringify(box)}`).join(',\n')}\n  ]`,
    );
    writeFileSync(file, `{\n${lines.join(',\n')}\n}\n`);
    if (writes) return;
  }
  expect.soft(wrong, name).toEqual([]);
};

/** What is seen of the page as a PNG, without what blinks. */
export const screenOf = async (page: Page): Promise<string> =>
  (await page.screenshot({ animations: 'disabled', caret: 'hide' })).toString('base64');

/**
 * Screens side by side, each square of POINT_PX as one point of its mean colour, in 32 shades a channel.
 * @param lab an empty page, which the browser's own decoder is reached through
 */
export const smallPicture = async (lab: Page, screens: readonly string[]): Promise<Buffer> => {
  const url = await lab.evaluate(
    async ([pngs, side]) => {
      const images = await Promise.all(
        pngs.map(async (png) => {
          const bytes = Uint8Array.from(atob(png), (one) => one.charCodeAt(0));
          return createImageBitmap(new Blob([bytes], { type: 'image/png' }));
        }),
      );
      const columns = images.map(({ width }) => Math.ceil(width / side));
      const rows = Math.max(...images.map(({ height }) => Math.ceil(height / side)));
      const target = new OffscreenCanvas(
        columns.reduce((sum, one) => sum + one + 1, -1),
        rows,
      );
      const paper = target.getContext('2d')!;
      let left = 0;
      for (const [i, image] of images.entries()) {
        const { width, height } = image;
        const whole = new OffscreenCanvas(width, height).getContext('2d')!;
        whole.drawImage(image, 0, 0);
        const { data } = whole.getImageData(0, 0, width, height);
        const [w, h] = [columns[i]!, Math.ceil(height / side)];
        const sums = new Float64Array(w * h * 4);
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            const to = (Math.floor(y / side) * w + Math.floor(x / side)) * 4;
            const from = (y * width + x) * 4;
            for (let c = 0; c < 3; c++) sums[to + c]! += data[from + c]!;
            sums[to + 3]! += 1;
          }
        const small = new ImageData(w, h);
        for (let at = 0; at < sums.length; at += 4) {
          for (let c = 0; c < 3; c++) small.data[at + c] = Math.round(sums[at + c]! / sums[at + 3]! / 8) * 8;
          small.data[at + 3] = 255;
        }
        paper.putImageData(small, left, 0);
        left += w + 1;
      }
      const blob = await target.convertToBlob({ type: 'image/png' });
      const bytes = new Uint8Array(await blob.arrayBuffer());
      return btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(''));
    },
    [screens, POINT_PX] as const,
  );
  return Buffer.from(url, 'base64');
};
