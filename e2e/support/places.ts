/** Every page of the dashboard with the name of its heading, and a scene in which it has much to show. */
export const PAGES = [
  { path: '/', heading: 'Overview' },
  { path: '/chain', heading: 'Chain' },
  { path: '/reorgs', heading: 'Reorgs' },
  { path: '/reorgs/r-57', heading: /L2 reorg, depth/ },
  { path: '/leaders', heading: 'Leaders' },
  { path: '/batches', heading: 'Batches' },
  { path: '/batches/901', heading: /^Batch 901/ },
  { path: '/health', heading: 'Health' },
  { path: '/activity', heading: 'Activity' },
  { path: '/api-docs', heading: 'API' },
  { path: '/settings', heading: 'Settings' },
] as const;
