import { BatchesPage } from '../../../components/batches/BatchesPage.tsx';
import { BATCH_FILTERS, batchWish, keyOf, searchOf } from '../../../components/lists/filters.ts';
import { answerBatchList } from '../../../server/api/queries.ts';
import { currentNode } from '../../../server/runtime.ts';

interface Props {
  readonly searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function Batches({ searchParams }: Props) {
  const search = searchOf(await searchParams);
  const now = Date.now();
  const first = await answerBatchList(currentNode(), now, batchWish(search, now));
  return <BatchesPage first={first} firstKey={keyOf(search, BATCH_FILTERS)} />;
}
