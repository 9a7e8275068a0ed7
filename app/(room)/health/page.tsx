import { HealthPage } from '../../../components/health/HealthPage.tsx';
import { answerLag } from '../../../server/api/answers.ts';
import { currentNode } from '../../../server/runtime.ts';

export default function Health() {
  return <HealthPage lag={answerLag(currentNode(), Date.now())} />;
}
