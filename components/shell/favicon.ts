import type { Shape, Tone } from '../words.ts';

/** Colours that hold on a light and on a dark row of tabs. */
const COLOURS: Record<Tone, string> = {
  ok: '#1f9d6e',
  info: '#3b82c9',
  warn: '#d97a1c',
  stop: '#d8392e',
  reorg: '#a44bc2',
  orphaned: '#a44bc2',
  held: '#6468c0',
  mute: '#8a8f92',
};

const SHAPES: Record<Shape, string> = {
  disc: '<circle cx="22" cy="22" r="9"/>',
  quarter:
    '<circle cx="22" cy="22" r="7.500" fill="none" stroke-width="3"/><path stroke="none" d="M22 22v-7.500a7.500 7.500 0 0 1 7.500 7.500z"/>',
  triangle: '<path d="M22 12l10 19h-20z"/>',
  square: '<path d="M13 13h18v18h-18z"/>',
  bolt: '<path d="M24 11l-10 13h6l-2 8l11-13h-7z"/>',
  cross: '<path fill="none" stroke-width="4.500" d="M14 14l16 16M30 14l-16 16"/>',
  pause: '<path d="M14 13h5v18h-5zM25 13h5v18h-5z"/>',
  ring: '<circle cx="22" cy="22" r="7.500" fill="none" stroke-width="3" stroke-dasharray="5 3"/>',
  check: '<path fill="none" stroke-width="4" d="M13 23l6 6l11-13"/>',
  lock: '<path d="M14 20h16v11h-16z"/>',
};

/** The bob with the verdict's shape on it, as an address that an icon may have. */
export const faviconOf = (shape: Shape, tone: Tone): string => {
  const colour = COLOURS[tone];
  const mark = `<g fill="${colour}" stroke="${colour}">${SHAPES[shape]}</g>`;
  const bob =
    '<path d="M3 3h18M12 3v9" stroke="#c08a2b" stroke-width="2.500" fill="none"/><path d="M6 12h12v5l-6 10l-6-10z" fill="#c08a2b"/>';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 34 34">${bob}${mark}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
};
