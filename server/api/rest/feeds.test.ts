import { describe, expect, it } from 'vitest';
import type { NodeHandle } from '../../runtime.ts';
import { ask, node, rowsOf } from '../../testing/askRest.ts';

describe('the feeds', () => {
  it.each(['rss', 'atom'])('%s: the newest of a filter, with ids that stay', async (format) => {
    const answer = await ask(`/api/v1/reorgs.${format}?layer=L2`);
    expect(answer.headers.get('content-type')).toBe(`application/${format}+xml; charset=utf-8`);
    const text = await answer.text();
    const rows = (await rowsOf('/api/v1/reorgs?layer=L2')) as unknown as { id: string }[];
    const ids = [...text.matchAll(/urn:plumbline:\d+:scripted:reorgs:([^<]+)</g)].map(([, id]) =>
      decodeURIComponent(id!),
    );
    expect(ids).toEqual(rows.map(({ id }) => id).slice(0, 50));
    expect(text).toContain(`http://localhost:3000/reorgs/${encodeURIComponent(rows[0]!.id)}`);
  });

  it('text of strangers stays text', async () => {
    const { history, ...rest } = node();
    const evil: NodeHandle = {
      ...rest,
      history: { ...history!, sentenceOf: () => '<script>alert(1)</script> & \u0000 \ud800 "x"' },
    };
    for (const format of ['rss', 'atom']) {
      const text = await (await ask(`/api/v1/activity.${format}`, { node: evil })).text();
      expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; \ufffd \ufffd &quot;x&quot;');
      expect(text).not.toMatch(/<script/);
    }
  });

  it('an empty list is a feed without entries', async () => {
    for (const format of ['rss', 'atom']) {
      const text = await (await ask(`/api/v1/reorgs.${format}`, { node: node('first-start') })).text();
      expect(text).toContain('Reorgs of scripted');
      expect(text).not.toMatch(/<(item|entry)>/);
    }
  });
});
