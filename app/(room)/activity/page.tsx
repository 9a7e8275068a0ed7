import { ActivityPage } from '../../../components/activity/ActivityPage.tsx';
import { ACTIVITY_FILTERS, activityWish, keyOf, searchOf } from '../../../components/lists/filters.ts';
import { answerActivity } from '../../../server/api/queries.ts';
import { currentNode } from '../../../server/runtime.ts';

interface Props {
  readonly searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function Activity({ searchParams }: Props) {
  const search = searchOf(await searchParams);
  const now = Date.now();
  const first = await answerActivity(currentNode(), now, activityWish(search, now));
  return <ActivityPage first={first} firstKey={keyOf(search, ACTIVITY_FILTERS)} />;
}
