import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isWeirError } from '@weir/core';
import { tempDir, type TempDir } from '@weir/testkit';
import fc from 'fast-check';
import { RecordMachine, type RecordSpan } from './record-machine';
import { scanCsv } from './scan';

/** CI takes 500 cases; WEIR_FUZZ_RUNS asks for more. */
const RUNS = Number(process.env['WEIR_FUZZ_RUNS'] ?? 500);

let dir: TempDir;
beforeAll(async () => {
  dir = await tempDir();
});
afterAll(() => dir.dispose());

const fragment = fc.constantFrom('a', 'b', ',', ',', '\n', '\n', '\r\n', '"', '""', '\r', ' ', 'é', '漢', '😀', '\0', '1,2,3\n', '"x","y",z\n', '"p\nq",r,s\n');
const nasty = fc.array(fragment, { maxLength: 60 }).map((parts) => Buffer.from(`a,b,c\n${parts.join('')}`));

/** A valid file with some of its bytes overwritten, inserted or cut. */
const mutated = fc
  .tuple(nasty, fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'insert', 'cut')), { maxLength: 5 }))
  .map(([bytes, edits]) => edits.reduce<Buffer>((file, [at, byte, how]) => edit(file, at % (file.length + 1), byte, how), bytes));

function edit(file: Buffer, at: number, byte: number, how: string): Buffer {
  const rest = file.subarray(how === 'insert' ? at : at + 1);
  return Buffer.concat([file.subarray(0, at), how === 'cut' ? Buffer.alloc(0) : Buffer.from([byte]), rest]);
}

/** All records of a buffer fed in chunks, or the error's code. */
function spansOf(file: Buffer, chunk: number): RecordSpan[] | string {
  const spans: RecordSpan[] = [];
  const machine = new RecordMachine({ name: 'f', delimiter: 44, columns: 3 }, (span) => spans.push({ ...span }));
  try {
    for (let at = 0; at < file.length; at += chunk) machine.push(file.subarray(at, at + chunk));
    machine.end();
    return spans;
  } catch (error) {
    if (isWeirError(error)) return `${error.code} ${error.place}`;
    throw error;
  }
}

describe('any bytes', () => {
  it('are records and rejects without a gap, each of them one or the other, whatever they are', () => {
    fc.assert(
      fc.property(mutated, (file) => {
        const spans = spansOf(file, file.length || 1);
        if (typeof spans === 'string') return;
        let at = 0;
        for (const span of spans) {
          expect(span.offset).toBe(at);
          at = span.offset + span.length + span.terminator;
        }
        expect(at).toBe(file.length);
      }),
      { numRuns: RUNS },
    );
  });

  it('are whole records exactly where an expression of RFC 4180 says so', () => {
    const field = '(?:"(?:[^"]|"")*"|[^",\\r\\n]*)';
    const whole = new RegExp(`^${field},${field},${field}$`);
    fc.assert(
      fc.property(mutated, (file) => {
        const spans = spansOf(file, file.length || 1);
        if (typeof spans === 'string') return;
        for (const { offset, length, damage } of spans) {
          const bytes = file.subarray(offset, offset + length);
          const isText = Buffer.from(bytes.toString()).equals(bytes) && !bytes.includes(0);
          expect([bytes.toString('latin1'), damage === undefined]).toEqual([bytes.toString('latin1'), isText && whole.test(bytes.toString('latin1'))]);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('give the same records in chunks of any size', () => {
    fc.assert(
      fc.property(mutated, fc.integer({ min: 1, max: 9 }), (file, chunk) => {
        expect(spansOf(file, chunk)).toEqual(spansOf(file, file.length || 1));
      }),
      { numRuns: RUNS },
    );
  });

  it('end a scan with counts that add up, or with an error that names file and line', async () => {
    const path = join(dir.path, 'fuzz.csv');
    await fc.assert(
      fc.asyncProperty(mutated, async (file) => {
        await writeFile(path, file);
        const scanned = await scanCsv(path, { name: 'fuzz.csv', delimiter: ',' }).catch((error: unknown) => error);
        if (isWeirError(scanned)) {
          expect(scanned.place).toMatch(/^fuzz\.csv:\d+$/);
          expect(['FILE_MALFORMED', 'FILE_TRUNCATED']).toContain(scanned.code);
        } else expect(scanned).toMatchObject({ bytes: file.length, header: expect.any(Array) });
      }),
      { numRuns: RUNS },
    );
  });
});
