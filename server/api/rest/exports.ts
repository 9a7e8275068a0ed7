import type { ExportFormat } from './routes.ts';
import { type Column, csvHead, csvLine } from './tables.ts';

/** Rows as a download: streamed, so that its size bounds no memory. */
export type TableFormat = Extract<ExportFormat, 'csv' | 'json' | 'jsonl'>;

export const CONTENT_TYPES: Readonly<Record<TableFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json',
  jsonl: 'application/jsonl; charset=utf-8',
};

/** Text of the download, a piece for each page of rows. */
export async function* tableText<Row>(
  format: TableFormat,
  columns: readonly Column<Row>[],
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string, void, void> {
  if (format === 'csv') yield csvHead(columns);
  if (format === 'json') yield '[';
  let first = true;
  for await (const rows of pages) {
    if (rows.length === 0) continue;
    if (format === 'csv') yield rows.map((row) => csvLine(columns, row)).join('');
    else if (format === 'jsonl') yield rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    else yield `${first ? '\n' : ',\n'}${rows.map((row) => JSON.stringify(row)).join(',\n')}`;
    first = false;
  }
  if (format === 'json') yield '\n]\n';
}

/** `activity_devnet_2026-11-21T1402Z.csv`: which list, of which node, when. */
export const fileName = (list: string, node: string, now: number, format: TableFormat): string =>
  `${list}_${node.replace(/[^\w.-]/g, '-')}_${new Date(now).toISOString().slice(0, 16).replace(':', '')}Z.${format}`;

/** Pulled as the client takes it. What fails in the middle cuts the answer off: it never looks whole. */
export function streamOf(text: AsyncGenerator<string, void, void>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await text.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        await text.return();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The same, with its first piece already made: what fails at once is an answer of its own, not a cut-off one. */
export async function begun(
  text: AsyncGenerator<string, void, void>,
): Promise<AsyncGenerator<string, void, void>> {
  const first = await text.next();
  return (async function* () {
    try {
      if (first.done) return;
      yield first.value;
      yield* text;
    } finally {
      await text.return();
    }
  })();
}
