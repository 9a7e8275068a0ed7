import type { Shape } from '../words.ts';

/** Outlines on a 16 by 16 grid. Drawn, not typed: a font must not decide how a warning looks. */
const PATHS: Record<Shape, string> = {
  disc: 'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11z',
  quarter:
    'M8 2a6 6 0 1 1 0 12a6 6 0 1 1 0-12zm0 1.6a4.4 4.4 0 1 0 0 8.8a4.4 4.4 0 1 0 0-8.8zM8 4.8v3.2h3.2a3.2 3.2 0 0 0-3.2-3.2z',
  triangle: 'M8 2.2l6.4 11.3h-12.8z',
  square: 'M3 3h10v10h-10z',
  bolt: 'M9.4 1.5l-6 8h3.7l-1.1 5l6.6-8.3h-4z',
  cross:
    'M4.3 2.6l3.7 3.7l3.7-3.7l1.7 1.7l-3.7 3.7l3.7 3.7l-1.7 1.7l-3.7-3.7l-3.7 3.7l-1.7-1.7l3.7-3.7l-3.7-3.7z',
  pause: 'M3.5 2.8h3.2v10.4h-3.2zM9.3 2.8h3.2v10.4h-3.2z',
  ring: 'M8 2a6 6 0 1 1 0 12a6 6 0 1 1 0-12zm0 1.8a4.2 4.2 0 1 0 0 8.4a4.2 4.2 0 1 0 0-8.4z',
  check: 'M13.7 4.3l-7.2 7.8l-4.2-4l1.3-1.4l2.8 2.7l5.9-6.4z',
  lock: 'M3.5 7h1v-1.5a3.5 3.5 0 0 1 7 0v1.5h1v7h-9zM6.2 7h3.6v-1.5a1.8 1.8 0 0 0-3.6 0z',
};

/** Always beside its word, hence hidden from assistive technology. */
export const Icon = ({ shape, className = '' }: { shape: Shape; className?: string }) => (
  <svg viewBox="0 0 16 16" className={`icon ${className}`} aria-hidden="true" focusable="false">
    <path d={PATHS[shape]} fillRule="evenodd" fill="currentColor" />
  </svg>
);
