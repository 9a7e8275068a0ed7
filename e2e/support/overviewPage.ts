import type { Locator, Page } from '@playwright/test';

export type HeadName = 'L1 head' | 'L2 unsafe head' | 'L2 safe head' | 'L2 finalized head';

/** Where things are on the overview, by role and name. */
export const overview = (page: Page) => ({
  verdict: page.getByRole('region', { name: 'Verdict' }),
  head: (name: HeadName): Locator => page.getByRole('region', { name, exact: true }),
  leader: page.getByRole('region', { name: 'Lead sequencer' }),
  sequencing: page.getByRole('region', { name: 'Sequencing' }),
  devnet: page.getByRole('region', { name: 'Devnet' }),
  switcher: page.getByRole('button', { name: /^Switch node/ }),
  alignment: page.getByRole('region', { name: 'Alignment', exact: true }),
  batches: page.getByRole('region', { name: 'Last batches' }),
  trouble: page.getByRole('region', { name: 'Trouble' }),
  reorgs: page.getByRole('region', { name: 'Reorgs' }),
  sync: page.getByRole('region', { name: 'Catching up' }),
  freshness: page.getByRole('list', { name: 'Freshness' }),
  pill: page.getByTestId('live-pill'),
  reorgBanner: page.getByTestId('reorg-banner'),
});
