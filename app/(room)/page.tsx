import { Overview } from '../../components/Overview.tsx';
import { devnetVerbs } from '../../server/api/devnet.ts';
import { currentNode } from '../../server/runtime.ts';

export default function OverviewPage() {
  return <Overview devnet={devnetVerbs(currentNode())} />;
}
