import { WeirError } from '@weir/core';
import { connect, createServer } from 'node:net';
import { claimPort } from './port-claim';
import { PORTS, type PortName } from './versions';

const TRIES = 200;

/** The port of host:port. */
export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

/** The ports of one platform: each is free when it is handed out, and handed out once. */
export class PortPool {
  private readonly taken = new Set<number>();

  /** `shift` moves every default, so that the servers of tests stay clear of a platform's. */
  constructor(private readonly env: Readonly<Record<string, string | undefined>> = process.env, private readonly shift = 0) {}

  /**
   * The port asked for by WEIR_<NAME>_PORT, or the default, or the next free one after the default.
   * Throws PORT_TAKEN when a port that was asked for is in use, INVALID_VALUE when it is not a port.
   */
  async choose(name: PortName): Promise<number> {
    const variable = `WEIR_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}_PORT`;
    const wanted = this.env[variable];
    if (wanted) return this.claim(await askedFor(variable, wanted));
    const first = PORTS[name] + this.shift;
    for (let port = first; port < first + TRIES; port++) {
      if (!this.taken.has(port) && (await isFree(port)) && claimPort(port)) return this.claim(port);
    }
    throw new WeirError({ code: 'PORT_TAKEN', place: name, message: `None of the ports ${first} to ${first + TRIES - 1} is free.`, fix: `Set ${variable} to a free port.` });
  }

  private claim(port: number): number {
    this.taken.add(port);
    return port;
  }
}

async function askedFor(variable: string, text: string): Promise<number> {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new WeirError({ code: 'INVALID_VALUE', place: variable, message: `${variable} is \`${text}\`.`, fix: 'Use a port from 1 to 65535.' });
  if (await isFree(port)) return port;
  throw new WeirError({ code: 'PORT_TAKEN', place: variable, message: `Port ${port} on 127.0.0.1 is in use.`, fix: `Stop the program that holds it, or set ${variable} to another port.` });
}

/**
 * Whether a port of 127.0.0.1 can be bound and nobody answers on it. Both, because some systems let us bind 127.0.0.1
 * beside a listener on 0.0.0.0.
 */
export async function isFree(port: number): Promise<boolean> {
  return (await canBind(port)) && !(await answers('127.0.0.1', port));
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Whether something accepts TCP connections at host:port within a second. */
export function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const end = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
