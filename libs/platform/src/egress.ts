import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { WeirError } from '@weir/core';
import ipaddr from 'ipaddr.js';

/** A destination that the operator allows: an address range, and a port where it is not any. */
interface Allowed {
  readonly range: [ipaddr.IPv4 | ipaddr.IPv6, number];
  readonly port: number | undefined;
}

/**
 * Decides which addresses connections of definitions may lead to: whoever writes a definition must not reach what only this machine or its network can. Public addresses may be reached;
 * this machine, private networks and everything else only where the operator allows it.
 */
export class Egress {
  private readonly allowed: readonly Allowed[];

  /** `allowed`: addresses or ranges, with a port or without: `127.0.0.1:9000`, `10.0.0.0/8`, `[fd00::/8]:5432`. Throws INVALID_VALUE naming one that is none. */
  constructor(allowed: readonly string[] = []) {
    this.allowed = allowed.map(parseAllowed);
  }

  /**
   * The address to connect to for a host: resolved here, once, and every address of the name must be one that may be reached, so that a name cannot answer otherwise when the connection is made.
   * Throws EGRESS_DENIED without telling whether anything listens there, SOURCE_REFUSED for a name that nobody has, and UNAVAILABLE where nobody can say.
   */
  async address(host: string, port: number): Promise<string> {
    const literal = host.replace(/^\[|\]$/g, '');
    const addresses = isIP(literal) > 0 ? [literal] : await resolved(host);
    const denied = addresses.find((address) => !this.permits(address, port));
    const [first] = addresses;
    if (denied === undefined && first !== undefined) return first;
    throw new WeirError({ code: 'EGRESS_DENIED', place: `${host}:${port}`, message: `${host}:${port} leads to an address that connections may not reach.` });
  }

  private permits(text: string, port: number): boolean {
    const address = ipaddr.process(text);
    if (this.allowed.some(({ range, port: only }) => (only === undefined || only === port) && range[0].kind() === address.kind() && address.match(range))) return true;
    return address.range() === 'unicast';
  }
}

async function resolved(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    const message = `The name ${host} does not resolve.`;
    // Said by a server of names; one that does not answer is another code.
    if ((error as NodeJS.ErrnoException).code === 'ENOTFOUND') throw new WeirError({ code: 'SOURCE_REFUSED', place: host, message, fix: 'Correct `host` of the connection; nobody has a machine of that name.' }, { cause: error });
    throw new WeirError({ code: 'UNAVAILABLE', place: host, message }, { cause: error });
  }
}

function parseAllowed(text: string): Allowed {
  const [, inBrackets, plain, port] = /^(?:\[([^\]]+)\]|([^[\]]+?))(?::(\d{1,5}))?$/.exec(text.includes('.') || text.startsWith('[') ? text : `[${text}]`) ?? [];
  const range = inBrackets ?? plain ?? '';
  try {
    const parsed = ipaddr.parseCIDR(range.includes('/') ? range : `${range}/${isIP(range) === 6 ? 128 : 32}`);
    if (isIP(range.split('/')[0] ?? '') > 0) return { range: parsed, port: port === undefined ? undefined : Number(port) };
  } catch {
    // Told below, as what has the form of an address and is none.
  }
  throw new WeirError({ code: 'INVALID_VALUE', place: 'WEIR_EGRESS_ALLOW', message: `WEIR_EGRESS_ALLOW has \`${text}\`.`, fix: 'Write addresses or ranges, with a port or without, such as 127.0.0.1:9000,10.0.0.0/8.' });
}
