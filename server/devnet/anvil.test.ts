import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Anvil, type AnvilOptions, startAnvil } from './anvil.ts';

const running: Anvil[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((anvil) => anvil.stop()));
});
async function started(options: AnvilOptions = {}): Promise<Anvil> {
  const anvil = await startAnvil(options);
  running.push(anvil);
  return anvil;
}
const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('it answers when it is handed out, on a port of its own choosing', async () => {
  const [one, two] = await Promise.all([started({ chainId: 4711 }), started()]);
  expect(one.port).not.toBe(two.port);
  expect(Number(await one.rpc('eth_chainId'))).toBe(4711);
  const { address } = one.accounts[0]!;
  expect(BigInt(await one.rpc<string>('eth_getBalance', [address, 'latest']))).toBe(10n ** 22n);
});

test('stop waits for the end of the process, and may be called again', async () => {
  const anvil = await started();
  await Promise.all([anvil.stop(), anvil.stop()]);
  expect(alive(anvil.pid)).toBe(false);
  await anvil.stop();
  await expect(anvil.rpc('eth_chainId')).rejects.toMatchObject({ code: 'unreachable' });
});

test('a taken port is one sentence, and leaves no process', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await expect(startAnvil({ port })).rejects.toMatchObject({
    code: 'port_taken',
    message: `Port ${port} is taken: end the program that listens there, or choose another port.`,
  });
  server.close();
});

test('options that anvil refuses are reported in its own words', async () => {
  await expect(startAnvil({ hardfork: 'atlantis' })).rejects.toMatchObject({
    code: 'exited',
    message: expect.stringContaining('Unknown hardfork: atlantis'),
  });
  await expect(startAnvil({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
});

test('a refused call carries the node’s sentence', async () => {
  const anvil = await started();
  await expect(anvil.rpc('eth_nonsense')).rejects.toMatchObject({ code: 'rpc_error' });
});

test('a reorg may be 1,000 blocks deep', async () => {
  const anvil = await started();
  await anvil.rpc('anvil_mine', ['0x410']);
  const before = await anvil.rpc<{ hash: string }>('eth_getBlockByNumber', ['0x29', false]);
  await anvil.rpc('anvil_reorg', [1000, []]);
  const after = await anvil.rpc<{ hash: string }>('eth_getBlockByNumber', ['0x29', false]);
  expect(after.hash).not.toBe(before.hash);
  expect(Number(await anvil.rpc('eth_blockNumber'))).toBe(0x410);
});

test.skipIf(process.platform === 'win32')('it does not outlive a parent that is killed', async () => {
  const script = `
    import { startAnvil } from ${JSON.stringify(new URL('./anvil.ts', import.meta.url).href)};
    const anvil = await startAnvil();
    process.stdout.write(anvil.url + '\\n');
  `;
  const parent = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const url = line.toString().trim();
  expect(await answers(url)).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(() => answers(url), { timeout: 25_000, interval: 20 }).toBe(false);
});

const answers = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    () => true,
    () => false,
  );
