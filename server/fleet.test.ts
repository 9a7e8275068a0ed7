import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { fleetRow } from './api/historyViews.ts';
import type { StatusView } from './api/views.ts';
import { fleetReader } from './fleet.ts';
import { createScriptedNode } from './testing/scriptedNode.ts';

const own = createScriptedNode('leading').status();
const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

const serve = async (body: () => string | null): Promise<{ url: string; asked: () => number }> => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    const text = body();
    response.statusCode = text === null ? 503 : 200;
    response.end(text ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
};

const reading = (fleet: StatusView['fleet'], now = () => 1_000) =>
  fleetReader(() => ({ ...own, fleet }), { now } as never);

describe('the fleet', () => {
  it('tells each node as it tells itself, and of each that does not why', async () => {
    const good = await serve(() => JSON.stringify(createScriptedNode('following-with-feed').status()));
    const down = await serve(() => null);
    const other = await serve(() => '{"status":"ok"}');
    const rows = await reading([
      { name: 'scripted', url: 'http://localhost:1' },
      { name: 'good', url: good.url },
      { name: 'down', url: down.url },
      { name: 'other', url: other.url },
      { name: 'none', url: 'nowhere' },
    ])();
    for (const row of rows) expect(fleetRow.safeParse(row).error?.issues).toBeUndefined();
    expect(rows.map(({ name, us, problem }) => [name, us, problem])).toEqual([
      ['scripted', true, null],
      ['good', false, null],
      ['down', false, 'it answered with status 503'],
      ['other', false, 'its answer is that of another version'],
      ['none', false, 'its address is no web address'],
    ]);
    expect(rows[0]!.leads).toBe(true);
    expect(rows[1]).toMatchObject({ leads: false, role: 'Following', verdict: 'aligned' });
  });

  it('that goes silent keeps what it said last, with the time of that', async () => {
    let up = true;
    const node = await serve(() => (up ? JSON.stringify(own) : null));
    let now = 1_000;
    const read = reading([{ name: 'node', url: node.url }], () => now);
    const row = async () => (await read()).find(({ name }) => name === 'node')!;
    const before = await row();
    expect(before).toMatchObject({ problem: null, answeredAt: 1_000 });
    up = false;
    now += 60_000;
    expect(await row()).toEqual({ ...before, problem: 'it answered with status 503', at: 61_000 });
    const never = reading([{ name: 'node', url: node.url }]);
    expect((await never()).at(-1)).toMatchObject({ answeredAt: null, heads: { unsafe: null } });
  });

  it('is asked once, however many pages ask', async () => {
    const good = await serve(() => JSON.stringify(own));
    let now = 1_000;
    const read = reading([{ name: 'good', url: good.url }], () => now);
    await Promise.all([read(), read(), read()]);
    expect(good.asked()).toBe(1);
    now += 2_000;
    await read();
    expect(good.asked()).toBe(2);
  });

  it('of one node is nothing to show, and nobody is asked', async () => {
    expect(await reading([])()).toEqual([]);
  });
});
