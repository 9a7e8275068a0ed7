import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** An address on the loopback that stays the same while what answers there comes, goes and is replaced. */
export class Door {
  readonly port: number;
  #server: Server | null = null;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number) {
    this.port = port;
  }

  /** Nobody listens there yet. */
  static async reserve(): Promise<Door> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return new Door(port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** From now on this answers there: an http:// URL on the loopback. */
  async open(target: string): Promise<void> {
    await this.shut();
    const { port } = new URL(target);
    const server = createServer((near) => {
      const far = connect(Number(port), '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
        one.on('error', () => other.destroy());
      }
      near.pipe(far).pipe(near);
    });
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
  }

  /** Nobody answers there any more. */
  async shut(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const socket of this.#sockets) socket.destroy();
    if (server !== null) await new Promise((resolve) => server.close(resolve));
  }
}
