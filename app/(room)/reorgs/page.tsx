import { keyOf, REORG_FILTERS, reorgWish, searchOf } from '../../../components/lists/filters.ts';
import { ReorgsPage } from '../../../components/reorgs/ReorgsPage.tsx';
import { answerReorgs } from '../../../server/api/queries.ts';
import { currentNode } from '../../../server/runtime.ts';

interface Props {
  readonly searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function Reorgs({ searchParams }: Props) {
  const search = searchOf(await searchParams);
  const now = Date.now();
  const first = await answerReorgs(currentNode(), now, reorgWish(search, now));
  return <ReorgsPage first={first} firstKey={keyOf(search, REORG_FILTERS)} />;
}
