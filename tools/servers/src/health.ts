import { Client, credentials } from '@grpc/grpc-js';
import { answers } from './port';

const SERVING = 1;
const TIMEOUT_MS = 2_000;

/** Whether grpc.health.v1 at host:port says SERVING for the whole server. */
export async function isServing(address: string): Promise<boolean> {
  const [, host = '', port] = /^(.*):(\d+)$/.exec(address) ?? [];
  // While a service starts it is asked many times; a connection refused costs nothing, a gRPC channel does.
  if (!(await answers(host, Number(port)))) return false;
  const client = new Client(address, credentials.createInsecure());
  try {
    return (await check(client)) === SERVING;
  } catch {
    return false;
  } finally {
    client.close();
  }
}

/** Whether a URL answers with a 2xx status. */
export async function isOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** The two messages are so small that they are read by hand: the request is empty, the answer one enum in field 1. */
function check(client: Client): Promise<number> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest<Buffer, number>(
      '/grpc.health.v1.Health/Check',
      (request) => request,
      (answer) => (answer[0] === 0x08 ? (answer[1] ?? 0) : 0),
      Buffer.alloc(0),
      { deadline: Date.now() + TIMEOUT_MS },
      (error, status) => (error ? reject(error) : resolve(status ?? 0)),
    );
  });
}
