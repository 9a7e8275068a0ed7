import { expect, test } from './support/fixtures.ts';

test('probes, metrics and the description of the API answer beside the pages', async ({
  request,
  scripted,
}) => {
  await scripted.show('aligned');
  const ask = (path: string) => request.get(`${scripted.url}${path}`);
  expect((await ask('/healthz')).status()).toBe(200);
  expect((await ask('/startupz')).status()).toBe(200);
  const ready = await ask('/readyz');
  expect([ready.status(), await ready.json()]).toMatchObject([200, { ready: true, verdict: 'aligned' }]);
  const metrics = await ask('/metrics');
  expect(metrics.headers()['content-type']).toContain('text/plain');
  expect(await metrics.text()).toContain('rollup_driver_event_loop_lag_seconds');
  expect(await (await ask('/api/v1/openapi.json')).json()).toMatchObject({ openapi: '3.1.0' });
});

test('a node that is not in plumb is not ready, and says why in the words of its status', async ({
  request,
  scripted,
}) => {
  await scripted.show('halted');
  const ready = await request.get(`${scripted.url}/readyz`);
  expect(ready.status()).toBe(503);
  const { reason } = (await ready.json()) as { reason: string };
  const status = await request.get(`${scripted.url}/api/v1/status`);
  const { verdict } = (await status.json()) as { verdict: { sentence: string } };
  expect(reason).toBe(verdict.sentence);
  await scripted.show('aligned');
});

test('an export is a download of all that its filter matches', async ({ request, scripted }) => {
  await scripted.show('recovered');
  const filter = 'layer=L2&minDepth=2';
  const list = await request.get(`${scripted.url}/api/v1/reorgs?${filter}&limit=100`);
  const { rows } = (await list.json()) as { rows: { seq: number }[] };
  const csv = await request.get(`${scripted.url}/api/v1/reorgs.csv?${filter}`);
  expect(csv.headers()['content-disposition']).toMatch(
    /^attachment; filename="reorgs_scripted_\d{4}-\d\d-\d\dT\d{4}Z\.csv"$/,
  );
  const lines = (await csv.text()).trimEnd().split('\r\n').slice(1);
  expect(lines.map((line) => Number(line.split(',')[0]))).toEqual(rows.map(({ seq }) => seq));
  await scripted.show('aligned');
});
