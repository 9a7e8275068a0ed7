import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { createWebSocketTransport } from './webSocket.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of undo.splice(0).reverse()) await end();
});

/** An engine that hears everything and answers what it is told to. */
async function engine() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const asked: { readonly method: string; answer(): void }[] = [];
  const sockets: WebSocket[] = [];
  let onAsked = (): void => {};
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('message', (data) => {
      const { id, method } = JSON.parse(String(data)) as { id: number; method: string };
      const answer = () => socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: method }));
      asked.push({ method, answer });
      onAsked();
    });
  });
  const hears = (count: number): Promise<void> =>
    new Promise((resolve) => {
      onAsked = () => asked.length >= count && resolve();
      onAsked();
    });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transport = createWebSocketTransport({ url, jwtSecret: null, now: () => 0 });
  undo.push(
    async () => {
      for (const socket of sockets) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
    () => transport.close(),
  );
  return { transport, asked, sockets, hears };
}

describe('a connection to an engine', () => {
  it('on which nothing comes any more is replaced, and what is heard of it later changes nothing', async () => {
    const { transport, asked, sockets, hears } = await engine();
    const first = transport.call('first', []);
    await hears(1);
    asked[0]!.answer();
    await first;
    await expect(transport.call('lost', [], { timeout: 50 })).rejects.toMatchObject({ code: 'timeout' });
    const next = transport.call('next', [], { timeout: 20_000 });
    await hears(3);
    expect(sockets).toHaveLength(2);
    const gone = once(sockets[0]!, 'close');
    sockets[0]!.terminate();
    await gone;
    asked[2]!.answer();
    expect(await next).toBe('next');
  });

  it('is kept while another call waits on it: one that takes long is not silence', async () => {
    const { transport, asked, sockets, hears } = await engine();
    const long = transport.call('long', [], { timeout: 20_000 });
    await hears(1);
    await expect(transport.call('lost', [], { timeout: 50 })).rejects.toMatchObject({ code: 'timeout' });
    asked[0]!.answer();
    expect(await long).toBe('long');
    expect(sockets).toHaveLength(1);
  });

  it('that breaks ends what waits on it as unreachable, and one that we close as aborted', async () => {
    const { transport, sockets, hears } = await engine();
    const broken = expect(transport.call('a', [], {})).rejects.toMatchObject({ code: 'unreachable' });
    await hears(1);
    sockets[0]!.terminate();
    await broken;
    const closed = expect(transport.call('b', [], {})).rejects.toMatchObject({ code: 'aborted' });
    await hears(2);
    await transport.close();
    await closed;
  });
});

describe('a handshake that nobody answers', () => {
  /** Takes connections, and says nothing on them. */
  async function silent() {
    const taken = new Set<Socket>();
    const server = createServer((socket) => taken.add(socket.on('error', () => undefined)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const transport = createWebSocketTransport({ url, jwtSecret: null, now: () => 0 });
    undo.push(
      async () => {
        for (const socket of taken) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      },
      () => transport.close(),
    );
    return { transport, connection: once(server, 'connection') };
  }

  it('does not keep a call that is aborted, nor one whose time is over', async () => {
    const { transport, connection } = await silent();
    const stop = new AbortController();
    const aborted = expect(transport.call('a', [], { signal: stop.signal })).rejects.toMatchObject({
      code: 'aborted',
    });
    await connection;
    stop.abort();
    await aborted;
    await expect(transport.call('b', [], { timeout: 20 })).rejects.toMatchObject({ code: 'timeout' });
  });

  it('ends when the transport is closed, and with it the calls that wait for it', async () => {
    const { transport, connection } = await silent();
    const waits = expect(transport.call('a', [])).rejects.toMatchObject({ code: 'aborted' });
    await connection;
    await transport.close();
    await waits;
  });
});
