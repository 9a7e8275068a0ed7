import { expect, it, onTestFinished } from 'vitest';
import { scriptedHttp } from '../../testing/scriptedHttp.ts';
import { createHttpTransport, MAX_ANSWER_BYTES } from './http.ts';

it.each([
  ['an answer', 200, 'bad_answer'],
  ['a refusal', 401, 'auth_failed'],
])(
  '%s that is far too long is given up at its bound, and nothing of the rest is held',
  async (_, status, code) => {
    const big = 'x'.repeat(1024 * 1024);
    let sent = 0;
    const real = globalThis.fetch;
    onTestFinished(() => {
      globalThis.fetch = real;
    });
    globalThis.fetch = async () =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            sent += big.length;
            if (sent > 2 * MAX_ANSWER_BYTES) return controller.close();
            controller.enqueue(new TextEncoder().encode(big));
          },
        }),
        { status },
      );
    const transport = createHttpTransport({ url: 'http://127.0.0.1:1', jwtSecret: null, now: () => 0 });
    await expect(transport.call('m', [], { timeout: 60_000 })).rejects.toMatchObject({ code });
    expect(sent).toBeLessThan(MAX_ANSWER_BYTES + 8 * big.length);
    await transport.close();
  },
);

it('an answer below it is read', async () => {
  const sink = await scriptedHttp(() => ({
    kind: 'json',
    body: { jsonrpc: '2.0', id: 1, result: 'y'.repeat(100_000) },
  }));
  const transport = createHttpTransport({ url: sink.url, jwtSecret: null, now: () => 0 });
  expect(await transport.call('m', [])).toHaveLength(100_000);
  await transport.close();
  await sink.close();
});
