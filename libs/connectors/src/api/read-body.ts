import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { WeirError } from '@weir/core';

/** What requests say they can read. */
export const ACCEPTED_ENCODINGS = 'gzip, br';

const CHUNK_BYTES = 64 * 1024;
const INFLATERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip({ chunkSize: CHUNK_BYTES }),
  'x-gzip': () => createGunzip({ chunkSize: CHUNK_BYTES }),
  br: () => createBrotliDecompress({ chunkSize: CHUNK_BYTES }),
};

/** How much of a body may be read; `cut`: what is more is left, and no failure. */
export interface BodyBound {
  readonly place: string;
  readonly bytes: number;
  readonly cut: boolean;
}

/** The body of an answer, inflated as far as the bound allows and no further. Throws SOURCE_REFUSED for a larger one and for an encoding that nobody asked for; errors of the stream pass through. */
export async function readBody(response: IncomingMessage, { place, bytes, cut }: BodyBound): Promise<Buffer> {
  const { 'content-length': announced, 'content-encoding': encoding } = response.headers;
  if (!cut && Number(announced) > bytes) throw abandoned(response, tooLarge(place, bytes));
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop closes the connection.
  for await (const chunk of inflated(response, encoding?.trim().toLowerCase() ?? '', { place, cut })) {
    size += (chunk as Buffer).length;
    if (size > bytes && !cut) throw tooLarge(place, bytes);
    chunks.push(chunk as Buffer);
    if (size >= bytes && cut) break;
  }
  const [only] = chunks;
  const body = chunks.length === 1 && only ? only : Buffer.concat(chunks, size);
  return cut ? body.subarray(0, bytes) : body;
}

function inflated(response: IncomingMessage, encoding: string, { place, cut }: { place: string; cut: boolean }): Readable {
  if (encoding === '' || encoding === 'identity') return response;
  const inflater = Object.hasOwn(INFLATERS, encoding) ? INFLATERS[encoding]?.() : undefined;
  // What is said of an answer that is no page anyway is its status.
  if (!inflater && cut) return response;
  if (!inflater) throw abandoned(response, new WeirError({ code: 'SOURCE_REFUSED', message: `${place} sends an answer that is encoded as ${JSON.stringify(encoding.slice(0, 40))}.`, place, fix: `Have the API send ${ACCEPTED_ENCODINGS}, or plain answers.` }));
  // The inflater gets the failures of the response, and the loop that reads it throws them.
  return pipeline(response, inflater, () => undefined);
}

function abandoned(response: IncomingMessage, error: WeirError): WeirError {
  response.destroy();
  return error;
}

function tooLarge(place: string, bytes: number): WeirError {
  return new WeirError({ code: 'SOURCE_REFUSED', message: `${place} sends an answer of more than ${bytes} bytes.`, place, fix: 'Ask for smaller pages with `source.pages`.' });
}
