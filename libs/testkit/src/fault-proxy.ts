import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { commitAnswerWatcher, commitWatcher } from './postgres-frames';

type Mode = 'pass' | 'blackhole' | 'reset';

interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
}

/**
 * A TCP proxy on 127.0.0.1 that misbehaves on demand, for every link through it:
 * - `pass`: bytes flow;
 * - `blackhole`: connections stay open and nothing moves; what was under way arrives after `pass`, as after a real partition;
 * - `reset`: open connections are reset, new ones too;
 * - `loseCommitReply`: a Postgres COMMIT is carried out, its answer is lost and the connection cut.
 */
export class FaultProxy {
  readonly host = '127.0.0.1';
  /** Answers to COMMIT that were lost so far. */
  lostReplies = 0;
  private mode: Mode = 'pass';
  private repliesToLose = 0;
  private readonly links = new Set<Link>();

  private constructor(
    private readonly server: Server,
    private readonly target: { host: string; port: number },
  ) {
    server.on('connection', (client) => this.accept(client));
  }

  /** Starts a proxy on a free port in front of `target`. */
  static async start(target: { host: string; port: number }): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true });
    const proxy = new FaultProxy(server, target);
    server.listen(0, proxy.host);
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Open connections through the proxy. */
  get connections(): number {
    return this.links.size;
  }

  pass(): void {
    this.mode = 'pass';
    for (const link of this.links) for (const socket of ends(link)) socket.resume();
  }

  blackhole(): void {
    this.mode = 'blackhole';
    for (const link of this.links) for (const socket of ends(link)) socket.pause();
  }

  reset(): void {
    this.mode = 'reset';
    for (const link of this.links) this.cut(link);
  }

  /** Loses the answers of the next `times` COMMITs that take effect, over all connections. */
  loseCommitReply(options: { times: number }): void {
    this.repliesToLose = options.times;
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const link of this.links) this.cut(link);
    await closed;
  }

  private accept(client: Socket): void {
    if (this.mode === 'reset') {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ ...this.target, allowHalfOpen: true, noDelay: true });
    const link = { client: client.setNoDelay(true), upstream };
    this.links.add(link);
    this.watch(link);
    for (const socket of ends(link)) {
      if (this.mode === 'blackhole') socket.pause();
      socket.on('error', () => this.cut(link));
      socket.on('close', () => this.forget(link));
    }
  }

  private watch(link: Link): void {
    let committing = false;
    let losing = false;
    const requests = commitWatcher(() => {
      committing = true;
    });
    const answers = commitAnswerWatcher(() => {
      losing = committing && this.repliesToLose > 0;
      committing = false;
    });
    this.forward(link.client, link.upstream, (chunk) => {
      requests.push(chunk);
      return true;
    });
    this.forward(link.upstream, link.client, (chunk) => {
      answers.push(chunk);
      if (!losing) return true;
      this.repliesToLose -= 1;
      this.lostReplies += 1;
      this.cut(link);
      return false;
    });
  }

  /** Passes bytes on with back-pressure while `inspect` allows it, and the end of the stream after them. */
  private forward(from: Socket, to: Socket, inspect: (chunk: Buffer) => boolean): void {
    from.on('data', (chunk: Buffer) => {
      if (!inspect(chunk) || to.write(chunk)) return;
      from.pause();
      to.once('drain', () => {
        if (this.mode === 'pass') from.resume();
      });
    });
    from.on('end', () => to.end());
  }

  private cut(link: Link): void {
    for (const socket of ends(link)) socket.resetAndDestroy();
    this.forget(link);
  }

  private forget(link: Link): void {
    if (ends(link).every((socket) => socket.destroyed)) this.links.delete(link);
  }
}

function ends(link: Link): Socket[] {
  return [link.client, link.upstream];
}
