import { ChainPage } from '../../../components/chain/ChainPage.tsx';
import { answerBatchList } from '../../../server/api/queries.ts';
import { currentNode } from '../../../server/runtime.ts';

export default async function Chain() {
  return <ChainPage first={await answerBatchList(currentNode(), Date.now(), { limit: 100 })} />;
}
