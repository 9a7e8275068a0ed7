import { ReorgPage } from '../../../../components/reorgs/ReorgPage.tsx';
import { answerReorg } from '../../../../server/api/queries.ts';
import { currentNode } from '../../../../server/runtime.ts';

const MAX_ID = 100;

/** The id as it was written: Next gives the address's own text, with its escapes. */
const readId = (text: string): string => {
  try {
    return decodeURIComponent(text).slice(0, MAX_ID);
  } catch {
    return text.slice(0, MAX_ID);
  }
};

export default async function Reorg({ params }: { readonly params: Promise<{ readonly id: string }> }) {
  const id = readId((await params).id);
  return <ReorgPage key={id} id={id} first={await answerReorg(currentNode(), Date.now(), id)} />;
}
