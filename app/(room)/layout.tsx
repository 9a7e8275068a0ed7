import type { ReactNode } from 'react';
import { Shell } from '../../components/shell/Shell.tsx';
import { answerStatus } from '../../server/api/answers.ts';
import { currentNode } from '../../server/runtime.ts';

export const runtime = 'nodejs';
// Live data, and a nonce a request: never rendered ahead of time.
export const dynamic = 'force-dynamic';

export default function RoomLayout({ children }: { children: ReactNode }) {
  return <Shell initial={answerStatus(currentNode(), Date.now())}>{children}</Shell>;
}
