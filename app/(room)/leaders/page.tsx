import { LeadersPage } from '../../../components/leaders/LeadersPage.tsx';
import { keyOf, LEADER_FILTERS, leaderWish, searchOf } from '../../../components/lists/filters.ts';
import { answerLeaders } from '../../../server/api/queries.ts';
import { currentNode } from '../../../server/runtime.ts';

interface Props {
  readonly searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function Leaders({ searchParams }: Props) {
  const search = searchOf(await searchParams);
  const first = await answerLeaders(currentNode(), Date.now(), leaderWish(search));
  return <LeadersPage first={first} firstKey={keyOf(search, LEADER_FILTERS)} />;
}
