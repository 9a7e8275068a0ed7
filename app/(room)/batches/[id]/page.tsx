import { notFound } from 'next/navigation';
import { BatchPage } from '../../../../components/batches/BatchPage.tsx';
import { answerBatch } from '../../../../server/api/queries.ts';
import { currentNode } from '../../../../server/runtime.ts';

export default async function Batch({ params }: { readonly params: Promise<{ readonly id: string }> }) {
  const { id } = await params;
  if (!/^\d{1,15}$/.test(id)) notFound();
  const number = Number(id);
  return (
    <BatchPage key={number} number={number} first={await answerBatch(currentNode(), Date.now(), number)} />
  );
}
