import type { SourceSession } from './source-session';

/** Pieces are at least so large, except the last: each is one write to the disk. Above the largest header: 1,600 names of 63 bytes. */
const PIECE_BYTES = 256 * 1024;

/**
 * What `select` gives as CSV with a header, as the server writes it; undefined when it gives no rows. The rows are framed by the driver and never looked at.
 * Throws what the session explains: nothing may be made of the bytes before the last one came.
 */
export async function copyRows(session: SourceSession, select: string): Promise<AsyncIterable<Buffer> | undefined> {
  const stream = session.copy(`copy (${select}) to stdout (format csv, header, encoding 'UTF8')`);
  const pieces = piecesOf(session, stream);
  const first = await pieces.next();
  if (first.done === true) return undefined;
  // Less than a piece may be the header alone. The count of rows has come when the next statement is answered.
  if (first.value.length < PIECE_BYTES) {
    await session.run('select');
    if (stream.rowCount === 0) return undefined;
  }
  return joined(first.value, pieces);
}

async function* piecesOf(session: SourceSession, stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer, undefined> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes < PIECE_BYTES) continue;
      yield Buffer.concat(chunks, bytes);
      chunks = [];
      bytes = 0;
    }
  } catch (error) {
    throw session.explain(error);
  }
  if (bytes > 0) yield Buffer.concat(chunks, bytes);
}

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}
