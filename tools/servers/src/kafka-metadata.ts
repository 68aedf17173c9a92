import { connect } from 'node:net';

const TIMEOUT_MS = 2_000;
const METADATA = 3;
/** The oldest version that brokers of this decade answer and that names the brokers. */
const VERSION = 1;
const CLIENT = Buffer.from('weir launcher');
/** A cluster of three answers with less than 200 bytes; what is so much longer is not a broker. */
const LONGEST_ANSWER = 64 * 1024;

/**
 * The brokers, host:port each, that the broker at `address` says are alive; empty when it does not answer within 2 s. Written by hand: it is asked
 * ten times a second while a broker starts, and a client library would bring its retries and timers.
 */
export async function brokersAt(address: string): Promise<string[]> {
  try {
    return readBrokers(await ask(address, metadataRequest()));
  } catch {
    return [];
  }
}

/** Size, then header (api, version, correlation id, client), then an array of no topics. */
function metadataRequest(): Buffer {
  const body = Buffer.alloc(14 + CLIENT.length);
  body.writeInt16BE(METADATA, 0);
  body.writeInt16BE(VERSION, 2);
  body.writeInt16BE(CLIENT.length, 8);
  CLIENT.copy(body, 10);
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

/** The answer without its size. */
function ask(address: string, request: Buffer): Promise<Buffer> {
  const [, host = '', port] = /^(.*):(\d+)$/.exec(address) ?? [];
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port) });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('The broker does not answer.')));
    let answer = Buffer.alloc(0);
    socket.once('connect', () => socket.write(request));
    socket.on('data', (part) => {
      answer = Buffer.concat([answer, part]);
      const size = answer.length < 4 ? LONGEST_ANSWER : answer.readInt32BE();
      if (answer.length > LONGEST_ANSWER) socket.destroy(new Error('This is not a broker.'));
      if (answer.length < 4 + size) return;
      socket.destroy();
      resolve(answer.subarray(4, 4 + size));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('The broker closed the connection.')));
  });
}

/** Correlation id, then an array of brokers: id, host, port, rack (a string that may be null). Throws RangeError when it is cut short. */
function readBrokers(answer: Buffer): string[] {
  const brokers: string[] = [];
  let at = 8;
  for (let left = answer.readInt32BE(4); left > 0; left--) {
    const host = at + 6;
    const port = host + answer.readInt16BE(at + 4);
    brokers.push(`${answer.toString('utf8', host, port)}:${answer.readInt32BE(port)}`);
    at = port + 6 + Math.max(0, answer.readInt16BE(port + 4));
  }
  return brokers;
}
