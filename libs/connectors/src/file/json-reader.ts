import { byteOrderMark } from './byte-order-mark';
import { JsonMachine, type ElementSink } from './json-machine';
import { RecordsFinder } from './json-records';

/** Reads a JSON file from its beginning: the way to its records, then its elements. */
export class JsonReader {
  private readonly name: string;
  private readonly records: string;
  private finder: RecordsFinder | undefined;
  private machine: JsonMachine | undefined;
  /** Bytes before the chunk to come. */
  private at = 0;

  constructor(
    { name, records = '' }: { readonly name: string; readonly records?: string | undefined },
    private readonly sink: ElementSink,
  ) {
    this.name = name;
    this.records = records;
  }

  /** Reads on. The chunk must not change afterwards. */
  push(chunk: Buffer): void {
    const from = this.at === 0 ? byteOrderMark(chunk, this.name) : 0;
    const start = this.at;
    this.at += chunk.length;
    if (this.machine) return this.machine.push(chunk);
    this.finder ??= new RecordsFinder(this.name, this.records, from);
    const offset = this.finder.push(chunk.subarray(from));
    if (offset === undefined) return;
    this.machine = new JsonMachine({ name: this.name, offset, part: this.records !== '', line: this.finder.line }, this.sink);
    this.machine.push(chunk.subarray(offset - start));
  }

  /** Whether the records are an array. Throws as JsonMachine does, and FILE_MALFORMED where there are none. */
  end(): boolean {
    if (!this.machine && this.finder && this.records !== '') throw this.finder.missing();
    this.machine ??= new JsonMachine({ name: this.name, offset: 0 }, this.sink);
    this.machine.end();
    return this.machine.array;
  }
}
