import { describe, expect, it } from 'vitest';
import type { NodeHandle } from '../../runtime.ts';
import { ask, node } from '../../testing/askRest.ts';
import { errorView } from './routes.ts';
import { cell } from './tables.ts';

/** The whole of a list, by its pages, following the Link header. */
async function byPages(path: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  let next: string | null = path;
  while (next !== null) {
    const answer: Response = await ask(next);
    rows.push(...((await answer.json()) as { rows: unknown[] }).rows);
    next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1] ?? null;
  }
  return rows;
}

describe('paging and exports', () => {
  const seqs = (rows: readonly unknown[]) => rows.map((row) => (row as { seq: number }).seq);

  it.each(['reorgs', 'batches', 'leaders', 'activity'])(
    '%s: the pages, the JSON, the JSON lines and the CSV have the same rows, none twice',
    async (list) => {
      const paged = seqs(await byPages(`/api/v1/${list}?limit=7`));
      expect(paged.length).toBeGreaterThan(7);
      expect(new Set(paged).size).toBe(paged.length);
      expect(seqs((await (await ask(`/api/v1/${list}.json`)).json()) as unknown[])).toEqual(paged);
      const lines = (await (await ask(`/api/v1/${list}.jsonl`)).text()).trimEnd().split('\n');
      expect(seqs(lines.map((line) => JSON.parse(line)))).toEqual(paged);
      const csv = (await (await ask(`/api/v1/${list}.csv`)).text()).trimEnd().split('\r\n');
      expect(csv[0]).toMatch(/^seq,/);
      expect(csv.slice(1).map((line) => Number(line.split(',')[0]))).toEqual(paged);
    },
  );

  it('an export is what the filter matches, and a filter that matches nothing is an empty one', async () => {
    const filter = 'layer=L2&minDepth=2';
    const paged = seqs(await byPages(`/api/v1/reorgs?${filter}&limit=3`));
    const all = (await (await ask(`/api/v1/reorgs.json?${filter}`)).json()) as {
      layer: string;
      depth: number;
    }[];
    expect(seqs(all)).toEqual(paged);
    for (const row of all) expect(row.layer === 'L2' && row.depth >= 2).toBe(true);
    expect(await (await ask('/api/v1/reorgs.json?minDepth=999999')).json()).toEqual([]);
    expect((await (await ask('/api/v1/reorgs.csv?minDepth=999999')).text()).split('\r\n')).toHaveLength(2);
    expect((await ask('/api/v1/reorgs.csv?limit=3')).status).toBe(400);
  });

  it('is a download with a name that says of what and when', async () => {
    const { headers } = await ask('/api/v1/activity.csv');
    expect(headers.get('content-disposition')).toBe(
      'attachment; filename="activity_scripted_2026-11-21T1402Z.csv"',
    );
    expect(headers.get('content-type')).toMatch(/^text\/csv/);
  });

  it('holds one page in memory: 100,000 rows are read as the client takes them', async () => {
    const huge = node('huge');
    let pages = 0;
    const { history } = huge;
    const counted: NodeHandle = {
      ...huge,
      history: {
        ...history!,
        models: {
          ...history!.models,
          activity: (query) => {
            pages++;
            return history!.models.activity(query);
          },
        },
      },
    };
    const reader = (await ask('/api/v1/activity.csv', { node: counted })).body!.getReader();
    for (let i = 0; i < 5; i++) await reader.read();
    expect(pages).toBeLessThanOrEqual(6);
    await reader.cancel();
    expect(pages).toBeLessThanOrEqual(6);
  });

  it('a journal that fails at once is a 503, and one that fails in the middle cuts the download off', async () => {
    const good = node('huge');
    const failing = (from: number): NodeHandle => {
      let asked = 0;
      const activity: NonNullable<NodeHandle['history']>['models']['activity'] = async (query) => {
        if (++asked > from) throw new Error('disk I/O error');
        return good.history!.models.activity(query);
      };
      return { ...good, history: { ...good.history!, models: { ...good.history!.models, activity } } };
    };
    const atOnce = await ask('/api/v1/activity.jsonl', { node: failing(0) });
    expect([atOnce.status, errorView.parse(await atOnce.json()).message]).toEqual([
      503,
      'The journal does not answer: disk I/O error',
    ]);
    await expect((await ask('/api/v1/activity.jsonl', { node: failing(2) })).text()).rejects.toThrow(
      'disk I/O error',
    );
  });
});

describe('a cell', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    [' =1', "' =1"],
    ['\t=1', "'\t=1"],
    ['=cmd|"/c calc"!A1', `"'=cmd|""/c calc""!A1"`],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', '"two\nlines"'],
    ['plain', 'plain'],
    [-1, '-1'],
    [null, ''],
  ])('%j → %j', (value, text) => {
    expect(cell(value)).toBe(text);
  });
});
