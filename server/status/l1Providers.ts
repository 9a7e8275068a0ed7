import type { L1ProviderView } from '../api/views.ts';
import type { ProviderStatus } from '../driver/ports.ts';

/** An L1 endpoint in the words of the API. */
export const l1ProviderView = ({ head, inconsistencies, ...rest }: ProviderStatus): L1ProviderView => ({
  ...rest,
  head: head === null ? null : { number: head.number, hash: head.hash },
  inconsistencies: Object.entries(inconsistencies).map(([rule, count]) => ({ rule, count })),
});
