/** The pages of the dashboard: where they are, what they are called, and the key that goes there after `g`. */
export interface Place {
  readonly path: string;
  readonly name: string;
  readonly key: string | null;
  /** Outline on a 20 by 20 grid. */
  readonly icon: string;
  /** In the bar at the foot of a phone; the others are behind "More". */
  readonly onPhone: boolean;
  /** In the row at the top of a wide page; the others are behind the menu there. */
  readonly inRow: boolean;
  /** What a search for it may also be called. */
  readonly also: string;
}

export const PLACES: readonly Place[] = [
  {
    path: '/',
    name: 'Overview',
    key: 'o',
    icon: 'M3 10.5a7 7 0 0 1 14 0M10 10.5l3-3.5M3 14.5h14',
    onPhone: true,
    inRow: true,
    also: 'home verdict heads',
  },
  {
    path: '/chain',
    name: 'Chain',
    key: 'c',
    icon: 'M2.5 4h6v4h-6zM11.5 4h6v4h-6zM8.5 6h3M4 8v4M7 8v4M13 8v4M16 8v4M2.5 12h6v4h-6zM11.5 12h6v4h-6z',
    onPhone: true,
    inRow: true,
    also: 'alignment lanes blocks',
  },
  {
    path: '/reorgs',
    name: 'Reorgs',
    key: 'r',
    icon: 'M3 10h4l3-4h7M10 6l0 0M7 10l3 5h4M14.500 3.500l2.500 2.500l-2.500 2.500M12.500 13l3 4M15.500 13l-3 4',
    onPhone: true,
    inRow: true,
    also: 'forks orphaned rollback',
  },
  {
    path: '/leaders',
    name: 'Leaders',
    key: 'l',
    icon: 'M3 15l-1-9l4.500 4l3.500-6l3.500 6l4.500-4l-1 9z',
    onPhone: true,
    inRow: true,
    also: 'sequencers rotation terms schedule',
  },
  {
    path: '/batches',
    name: 'Batches',
    key: 'b',
    icon: 'M10 3l7 3.500l-7 3.500l-7-3.500zM3 10l7 3.500l7-3.500M3 13.500l7 3.500l7-3.500',
    onPhone: false,
    inRow: true,
    also: 'commits calldata blobs',
  },
  {
    path: '/health',
    name: 'Health',
    key: 'h',
    icon: 'M2 11h4l2-6l4 10l2-4h4',
    onPhone: false,
    inRow: true,
    also: 'checks sync doctor resync danger',
  },
  {
    path: '/activity',
    name: 'Activity',
    key: 'a',
    icon: 'M3 5h2M8 5h9M3 10h2M8 10h9M3 15h2M8 15h9',
    onPhone: false,
    inRow: true,
    also: 'audit journal log events history',
  },
  {
    path: '/api-docs',
    name: 'API',
    key: 'd',
    icon: 'M7 5l-5 5l5 5M13 5l5 5l-5 5',
    onPhone: false,
    inRow: false,
    also: 'docs rest openapi metrics prometheus endpoints',
  },
  {
    path: '/settings',
    name: 'Settings',
    key: 's',
    icon: 'M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4',
    onPhone: false,
    inRow: false,
    also: 'theme time zone density notifications explorer shortcuts',
  },
];

/** The page that an address belongs to: a reorg's own page belongs to the reorgs. Null for none of ours. */
export const placeOf = (path: string): Place | null =>
  PLACES.find((place) =>
    place.path === '/' ? path === '/' : path === place.path || path.startsWith(`${place.path}/`),
  ) ?? null;

/** The page's part of a window title; null on the overview, which is the plain one. */
export const pageNameOf = (path: string): string | null => {
  const place = placeOf(path);
  return place === null || place.path === '/' ? null : place.name;
};
