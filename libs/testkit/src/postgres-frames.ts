/** Longest frame whose body is looked at; COPY data and results pass uncollected. */
const MAX_BODY = 1 << 20;
const STARTUP_PROTOCOL = 196_608;

/** Called for each whole frame; `body` is empty for frames that nobody asked for. */
type OnFrame = (type: string, body: Buffer) => void;

/**
 * Cuts one direction of a Postgres connection into its frames, however the network cuts it into chunks.
 * A frame is a type byte, a length (counting itself) and a body; the client's first frames have no type byte.
 */
export class FrameReader {
  private header = Buffer.alloc(0);
  private type = '';
  private remaining = 0;
  private body: Buffer[] | undefined;

  constructor(
    private readonly wanted: string,
    private typed: boolean,
    private readonly onFrame: OnFrame,
  ) {}

  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.remaining > 0 ? this.takeBody(rest) : this.takeHeader(rest);
  }

  private takeHeader(chunk: Buffer): Buffer {
    const size = this.typed ? 5 : 4;
    const missing = size - this.header.length;
    this.header = Buffer.concat([this.header, chunk.subarray(0, missing)]);
    if (this.header.length < size) return Buffer.alloc(0);
    this.type = this.typed ? String.fromCharCode(this.header[0] ?? 0) : '';
    this.remaining = this.header.readInt32BE(size - 4) - 4;
    this.header = Buffer.alloc(0);
    const collect = !this.typed || (this.wanted.includes(this.type) && this.remaining <= MAX_BODY);
    this.body = collect ? [] : undefined;
    if (this.remaining === 0) this.finish();
    return chunk.subarray(missing);
  }

  private takeBody(chunk: Buffer): Buffer {
    const part = chunk.subarray(0, this.remaining);
    this.body?.push(part);
    this.remaining -= part.length;
    if (this.remaining === 0) this.finish();
    return chunk.subarray(part.length);
  }

  private finish(): void {
    const body = Buffer.concat(this.body ?? []);
    // Encryption requests come before the start-up message and have no type byte either.
    if (!this.typed) this.typed = body.length >= 4 && body.readInt32BE(0) === STARTUP_PROTOCOL;
    else this.onFrame(this.type, body);
  }
}

/** Tells when the client sends a COMMIT, as a simple query or through a prepared statement. */
export function commitWatcher(onCommit: () => void): FrameReader {
  const statements = new Set<string>();
  const portals = new Set<string>();
  return new FrameReader('QPBE', false, (type, body) => {
    const [first = '', second = ''] = texts(body);
    if (type === 'Q' && commits(first)) onCommit();
    if (type === 'P') mark(statements, first, commits(second));
    if (type === 'B') mark(portals, first, statements.has(second));
    if (type === 'E' && portals.has(first)) onCommit();
  });
}

/** Tells when the server has answered a COMMIT that took effect. */
export function commitAnswerWatcher(onAnswer: () => void): FrameReader {
  return new FrameReader('C', true, (type, body) => {
    if (type === 'C' && texts(body)[0] === 'COMMIT') onAnswer();
  });
}

function commits(sql: string): boolean {
  return /(?:^|;)\s*(?:commit|end)\b/i.test(sql);
}

function mark(set: Set<string>, name: string, present: boolean): void {
  if (present) set.add(name);
  else set.delete(name);
}

function texts(body: Buffer): string[] {
  return body.toString('latin1').split('\0', 2);
}
