import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What becomes of a connection at one byte of an answer:
 * - `reset`: it is reset, after the bytes before;
 * - `end`: it ends there, politely, as if that were all;
 * - `stall`: nothing comes any more, and the connection stays open;
 * - `corrupt`: a bit of the byte is turned, and all goes on.
 */
export type TransferFault = 'reset' | 'end' | 'stall' | 'corrupt';

interface Spoiling {
  readonly fault: TransferFault;
  /** Bytes of answers to go. */
  after: number;
  times: number;
}

/**
 * A TCP proxy on 127.0.0.1 that lets so many bytes of answers pass, over all its connections, and then spoils the transfer under way, whatever the protocol. Where answers name the target's address
 * in Kafka's way (a text with its length, then the port), they name the proxy, or clients would go past it.
 */
export class TransferProxy {
  readonly host = '127.0.0.1';
  /** Bytes of answers that passed, and faults that took place, until now. */
  passed = 0;
  faults = 0;
  private spoiling: Spoiling | undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: { readonly host: string; readonly port: number },
  ) {
    server.on('connection', (client) => this.accept(client));
  }

  /** Starts a proxy on a free port in front of `target`. */
  static async start(target: { readonly host: string; readonly port: number }): Promise<TransferProxy> {
    const server = createServer({ allowHalfOpen: true });
    const proxy = new TransferProxy(server, target);
    server.listen(0, proxy.host);
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Spoils what is under way after so many more bytes of answers, and the next answers at their first byte, `times` in all. */
  spoil(fault: TransferFault, { after, times = 1 }: { readonly after: number; readonly times?: number }): void {
    this.spoiling = { fault, after, times };
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private accept(client: Socket): void {
    // Not spread: a port may be a getter of its server.
    const { host, port } = this.target;
    const upstream = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const ends = [client.setNoDelay(true), upstream];
    for (const socket of ends) {
      this.sockets.add(socket);
      socket.on('error', () => ends.forEach((end) => end.destroy()));
      socket.on('close', () => {
        this.sockets.delete(socket);
        ends.forEach((end) => end.destroy());
      });
    }
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => this.answer(this.renamed(chunk), client, upstream));
    upstream.on('end', () => client.end());
  }

  private answer(chunk: Buffer, client: Socket, upstream: Socket): void {
    const { spoiling } = this;
    if (spoiling && spoiling.times > 0) {
      if (chunk.length > spoiling.after) return this.spoilAt(spoiling, chunk, client, upstream);
      spoiling.after -= chunk.length;
    }
    this.forward(chunk, client, upstream);
  }

  private spoilAt(spoiling: Spoiling, chunk: Buffer, client: Socket, upstream: Socket): void {
    const { fault, after } = spoiling;
    this.faults += 1;
    spoiling.times -= 1;
    spoiling.after = 0;
    if (fault === 'corrupt') {
      const spoilt = Buffer.from(chunk);
      spoilt.writeUInt8(spoilt.readUInt8(after) ^ 1, after);
      this.forward(spoilt, client, upstream);
      return;
    }
    upstream.pause().removeAllListeners('data');
    const before = chunk.subarray(0, after);
    this.passed += before.length;
    if (fault === 'stall') client.write(before);
    else if (fault === 'end') client.end(before);
    else client.write(before, () => client.resetAndDestroy());
  }

  private forward(chunk: Buffer, client: Socket, upstream: Socket): void {
    this.passed += chunk.length;
    if (client.write(chunk)) return;
    upstream.pause();
    client.once('drain', () => upstream.resume());
  }

  private renamed(chunk: Buffer): Buffer {
    const { host, port } = this.target;
    const name = Buffer.from(`\0${String.fromCharCode(host.length)}${host}`);
    let renamed = chunk;
    for (let at = chunk.indexOf(name); at >= 0; at = chunk.indexOf(name, at + name.length)) {
      const end = at + name.length;
      if (end + 4 > chunk.length || chunk.readInt32BE(end) !== port) continue;
      if (renamed === chunk) renamed = Buffer.from(chunk);
      renamed.writeInt32BE(this.port, end);
    }
    return renamed;
  }
}
