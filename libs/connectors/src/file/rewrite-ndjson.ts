import { BYTE_ORDER_MARK, byteOrderMark } from './byte-order-mark';
import { LineMachine } from './line-machine';
import { readChunks } from './read-chunks';

const LINE_END = Buffer.from('\n');

/** The file's whole records, byte for byte, each ended by LF, after a byte order mark: what is left when damaged and blank lines are taken out. For files that are not `plain`. */
export async function* rewriteNdjson(path: string, { name, signal }: { readonly name: string; readonly signal?: AbortSignal | undefined }): AsyncGenerator<Buffer> {
  let out: Buffer[] = [BYTE_ORDER_MARK];
  let machine: LineMachine | undefined;
  for await (const chunk of readChunks(path, signal)) {
    const from = machine ? 0 : byteOrderMark(chunk, name);
    machine ??= new LineMachine({ offset: from, line: 1 }, ({ damage, blank }, bytes) => {
      // A copy, because the window is let go before the chunk is written.
      if (bytes && !damage && !blank) out.push(Buffer.from(bytes), LINE_END);
    });
    machine.push(chunk.subarray(from));
    yield Buffer.concat(out);
    out = [];
  }
  machine?.end();
  yield Buffer.concat(out);
}
