import { BYTE_ORDER_MARK } from './byte-order-mark';
import { JsonReader } from './json-reader';
import { readChunks } from './read-chunks';
import type { RecordsOptions } from './scan-json';

const LINE_END = Buffer.from('\n');
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

/** The whole elements of a JSON file, each as one line, after a byte order mark: line ends inside an element become spaces. What is damaged is left out. */
export async function* rewriteJson(path: string, { name, records, signal }: RecordsOptions & { readonly name: string; readonly signal?: AbortSignal | undefined }): AsyncGenerator<Buffer> {
  let out: Buffer[] = [BYTE_ORDER_MARK];
  const reader = new JsonReader({ name, records }, ({ damage }, bytes) => {
    if (bytes && !damage) out.push(oneLine(bytes), LINE_END);
  });
  for await (const chunk of readChunks(path, signal)) {
    reader.push(chunk);
    yield Buffer.concat(out);
    out = [];
  }
  reader.end();
}

/** A copy; those of its line ends are replaced that are not in strings, because an element with one in a string is damaged. */
function oneLine(element: Buffer): Buffer {
  const line = Buffer.from(element);
  for (const end of [LF, CR]) for (let at = line.indexOf(end); at >= 0; at = line.indexOf(end, at + 1)) line[at] = SPACE;
  return line;
}
