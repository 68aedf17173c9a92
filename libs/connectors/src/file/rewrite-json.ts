import { BYTE_ORDER_MARK, byteOrderMark } from './byte-order-mark';
import { JsonMachine } from './json-machine';
import { readChunks } from './read-chunks';

const LINE_END = Buffer.from('\n');
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

/** The whole elements of a JSON file, each as one line, after a byte order mark: line ends inside an element become spaces. What is damaged is left out. */
export async function* rewriteJson(path: string, { name, signal }: { readonly name: string; readonly signal?: AbortSignal | undefined }): AsyncGenerator<Buffer> {
  let out: Buffer[] = [BYTE_ORDER_MARK];
  let machine: JsonMachine | undefined;
  for await (const chunk of readChunks(path, signal)) {
    const from = machine ? 0 : byteOrderMark(chunk, name);
    machine ??= new JsonMachine({ name, offset: from }, ({ damage }, bytes) => {
      if (bytes && !damage) out.push(oneLine(bytes), LINE_END);
    });
    machine.push(chunk.subarray(from));
    yield Buffer.concat(out);
    out = [];
  }
  machine?.end();
}

/** A copy; those of its line ends are replaced that are not in strings, because an element with one in a string is damaged. */
function oneLine(element: Buffer): Buffer {
  const line = Buffer.from(element);
  for (const end of [LF, CR]) for (let at = line.indexOf(end); at >= 0; at = line.indexOf(end, at + 1)) line[at] = SPACE;
  return line;
}
