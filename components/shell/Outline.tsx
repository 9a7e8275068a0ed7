/** A drawn outline on a 20 by 20 grid, beside its word. */
export const Outline = ({ path, className = '' }: { path: string; className?: string }) => (
  <svg viewBox="0 0 20 20" className={`icon ${className}`} aria-hidden="true" focusable="false">
    <path
      d={path}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinejoin="round"
      strokeLinecap="round"
    />
  </svg>
);

export const OUTLINES = {
  search: 'M8.500 3a5.500 5.500 0 1 1 0 11a5.500 5.500 0 0 1 0-11M12.500 12.500l4.500 4.500',
  more: 'M4 10h0.010M10 10h0.010M16 10h0.010',
  menu: 'M3 5.500h14M3 10h14M3 14.500h14',
  close: 'M4.500 4.500l11 11M15.500 4.500l-11 11',
  pause: 'M7 4v12M13 4v12',
  play: 'M6 4l10 6l-10 6z',
  back: 'M12 4l-6 6l6 6',
  forward: 'M8 4l6 6l-6 6',
  down: 'M10 3v11M5 9.500l5 5l5-5M4 17h12',
  link: 'M8 12l4-4M9 6l2-2a3.500 3.500 0 0 1 5 5l-2 2M11 14l-2 2a3.500 3.500 0 0 1-5-5l2-2',
  key: 'M13 3.500a3.500 3.500 0 1 1-2.500 6l-6 6.500h-1.500v-2.500h2v-2h2l2.800-3a3.500 3.500 0 0 1 3.200-5z',
  out: 'M8 4h-4v12h12v-4M11 3h6v6M17 3l-8 8',
} as const;
