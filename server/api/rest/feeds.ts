import type { ActivityListRow, ReorgDetail } from '../historyViews.ts';

/** RSS 2.0 (https://www.rssboard.org/rss-specification) and Atom (RFC 4287) of what happened. */
export interface FeedEntry {
  /** Stays the same for ever, whatever the address of the node. */
  readonly id: string;
  readonly title: string;
  readonly text: string;
  /** Page of the dashboard. */
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly updatedAt: number;
}

export interface FeedInfo {
  readonly list: 'reorgs' | 'activity';
  readonly title: string;
  /** Of this server, without a slash at the end. */
  readonly origin: string;
  /** Of this feed. */
  readonly path: string;
  readonly node: string;
  readonly l2ChainId: number;
}

export const FEED_ENTRIES = 50;

/** XML 1.0 takes no control characters, not even escaped; what chains and peers write may hold them. */
const xml = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to go
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

const tag = (info: FeedInfo, entry: FeedEntry): string =>
  `urn:plumbline:${info.l2ChainId}:${encodeURIComponent(info.node)}:${info.list}:${encodeURIComponent(entry.id)}`;

export const reorgEntry = (row: ReorgDetail): FeedEntry => ({
  id: row.id,
  title: `${row.layer} reorg, depth ${row.depth}, ${row.cause}${row.recoveredAt === null ? '' : ', recovered'}`,
  text: [
    `Above block ${row.commonAncestor?.number ?? '?'}; ${row.droppedL2Count} L2 blocks and ${row.droppedBatches.length} batches ${row.cause === 'MANUAL_RESYNC' ? 'derived again' : 'dropped'}.`,
    ...row.evidence,
  ].join(' '),
  path: `/reorgs/${encodeURIComponent(row.id)}`,
  at: row.detectedAt,
  updatedAt: row.recoveredAt ?? row.detectedAt,
});

export const activityEntry = (row: ActivityListRow): FeedEntry => ({
  id: String(row.seq),
  title: row.sentence,
  text: `${row.kind} (${row.severity})${row.actor === null ? '' : `, by ${row.actor}`}`,
  path: row.path ?? `/activity?q=${row.seq}`,
  at: row.at,
  updatedAt: row.at,
});

export function rss(info: FeedInfo, entries: readonly FeedEntry[]): string {
  const items = entries.map(
    (entry) => `    <item>
      <guid isPermaLink="false">${xml(tag(info, entry))}</guid>
      <title>${xml(entry.title)}</title>
      <link>${xml(info.origin + entry.path)}</link>
      <pubDate>${new Date(entry.at).toUTCString()}</pubDate>
      <description>${xml(entry.text)}</description>
    </item>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">
  <channel>
    <title>${xml(info.title)}</title>
    <link>${xml(info.origin)}/${info.list}</link>
    <atom:link href="${xml(info.origin + info.path)}" rel="self" type="application/rss+xml"/>
    <description>${xml(info.title)}</description>
${items.join('\n')}
  </channel>
</rss>
`;
}

export function atom(info: FeedInfo, entries: readonly FeedEntry[]): string {
  const newest = entries.reduce((max, { updatedAt }) => Math.max(max, updatedAt), 0);
  const items = entries.map(
    (entry) => `  <entry>
    <id>${xml(tag(info, entry))}</id>
    <title>${xml(entry.title)}</title>
    <link href="${xml(info.origin + entry.path)}"/>
    <published>${new Date(entry.at).toISOString()}</published>
    <updated>${new Date(entry.updatedAt).toISOString()}</updated>
    <summary>${xml(entry.text)}</summary>
  </entry>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <id>urn:plumbline:${info.l2ChainId}:${encodeURIComponent(info.node)}:${info.list}</id>
  <title>${xml(info.title)}</title>
  <author><name>${xml(info.node)}</name></author>
  <link href="${xml(info.origin)}/${info.list}"/>
  <link rel="self" href="${xml(info.origin + info.path)}"/>
  <updated>${new Date(newest).toISOString()}</updated>
${items.join('\n')}
</feed>
`;
}
