import { once } from 'node:events';
import { createServer } from 'node:http';
import { keccak256 } from 'viem';
import { privateKeyToAccount, sign } from 'viem/accounts';
import type { Hex } from '../protocol/refs.ts';

/** A web3signer in eth1 mode as its HTTP API shows it, with faults on request. */
export interface FakeWeb3Signer {
  readonly url: string;
  /** What was sent to be signed, oldest first. */
  readonly signed: Hex[];
  /** Authorization headers that came with requests. */
  readonly logins: (string | undefined)[];
  fault: 'none' | 'silent' | 'error' | 'other_key' | 'not_a_signature' | 'endless' | 'redirect' | 'json';
  stop(): Promise<void>;
}

export async function startFakeWeb3Signer(keys: readonly Hex[], prefix = ''): Promise<FakeWeb3Signer> {
  const byIdentifier = new Map(keys.map((key) => [`0x${privateKeyToAccount(key).publicKey.slice(4)}`, key]));
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    fake.logins.push(request.headers.authorization);
    const [path = ''] = (request.url ?? '').split('?');
    if (fake.fault === 'silent') return;
    if (fake.fault === 'error')
      return void response.writeHead(500).end('vault sealed at http://vault/canary-token');
    if (fake.fault === 'redirect') return void response.writeHead(302, { location: '/elsewhere' }).end();
    if (fake.fault === 'endless') {
      response.on('drain', () => response.write(Buffer.alloc(65_536)));
      while (response.write(Buffer.alloc(65_536)));
      return;
    }
    if (path === `${prefix}/api/v1/eth1/publicKeys`) {
      return void response.end(JSON.stringify([...byIdentifier.keys()]));
    }
    const key = byIdentifier.get(path.slice(`${prefix}/api/v1/eth1/sign/`.length));
    if (key === undefined) return void response.writeHead(404).end('Resource not found');
    const { data } = JSON.parse(Buffer.concat(chunks).toString()) as { data: Hex };
    fake.signed.push(data);
    const other = `0x${'99'.repeat(32)}` as const;
    const privateKey = fake.fault === 'other_key' ? other : key;
    const signature = await sign({ hash: keccak256(data), privateKey, to: 'hex' });
    if (fake.fault === 'not_a_signature') return void response.end('0x1234');
    response.end(fake.fault === 'json' ? JSON.stringify(signature) : signature);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const fake: FakeWeb3Signer = {
    url: `http://127.0.0.1:${address.port}${prefix}`,
    signed: [],
    logins: [],
    fault: 'none',
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return fake;
}
