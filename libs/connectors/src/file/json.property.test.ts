import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isWeirError } from '@weir/core';
import { tempDir, type TempDir } from '@weir/testkit';
import fc from 'fast-check';
import { JsonMachine, type ElementSpan } from './json-machine';
import { LineMachine, type LineSpan } from './line-machine';
import { rewriteJson } from './rewrite-json';
import { scanJson } from './scan-json';
import { scanNdjson } from './scan-ndjson';

/** CI takes 500 cases; WEIR_FUZZ_RUNS asks for more. */
const RUNS = Number(process.env['WEIR_FUZZ_RUNS'] ?? 500);

let dir: TempDir;
beforeAll(async () => {
  dir = await tempDir();
});
afterAll(() => dir.dispose());

type Edit = readonly [at: number, byte: number, how: 'set' | 'insert' | 'cut'];

/** Bytes overwritten, inserted or cut; most of them such that mean something in JSON. */
const edits = fc.array(fc.tuple(fc.nat(), fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...Buffer.from('[]{}",:\\\n\r\0\x1f 1n')) }, { weight: 1, arbitrary: fc.nat(255) }), fc.constantFrom<Edit[2]>('set', 'insert', 'cut')), { maxLength: 4 });

function edited(text: Buffer, changes: readonly Edit[]): Buffer {
  return changes.reduce<Buffer>((file, [at, byte, how]) => {
    const place = at % (file.length + 1);
    return Buffer.concat([file.subarray(0, place), how === 'cut' ? Buffer.alloc(0) : Buffer.of(byte), file.subarray(how === 'insert' ? place : place + 1)]);
  }, text);
}

const space = fc.constantFrom('', '', ' ', '\n', '\r\n', '\t', '  \n');
const array = fc.tuple(fc.array(fc.tuple(space, fc.json({ maxDepth: 3 }), fc.constantFrom(0, 1, 2), space), { maxLength: 6 }), space).map(([elements, end]) => {
  const texts = elements.map(([before, text, indent, after]) => before + JSON.stringify(JSON.parse(text), undefined, indent) + after);
  return Buffer.from(`${end}[${texts.join(',') || end}]${end}`);
});

/** What a machine finds in a file that is fed in chunks, or the error's code and place. */
function found<S extends object>(file: Buffer, chunk: number, open: (take: (span: S, bytes: Buffer | undefined) => void) => { push(chunk: Buffer): void; end(): void }): (S & { text: string | undefined })[] | string {
  const spans: (S & { text: string | undefined })[] = [];
  try {
    const machine = open((span, bytes) => spans.push({ ...span, text: bytes?.toString('latin1') }));
    for (let at = 0; at < file.length; at += chunk) machine.push(file.subarray(at, at + chunk));
    machine.end();
    return spans;
  } catch (error) {
    if (isWeirError(error)) return `${error.code} ${error.place} ${error.message}`;
    throw error;
  }
}

const elementsOf = (file: Buffer, chunk: number) => found<ElementSpan>(file, chunk, (take) => new JsonMachine({ name: 'f', offset: 0 }, take));
const linesOf = (file: Buffer, chunk: number) => found<LineSpan>(file, chunk, (take) => new LineMachine({ offset: 0, line: 1 }, take));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

describe('any array of JSON', () => {
  it('has the elements that JSON.parse finds', () => {
    fc.assert(
      fc.property(array, fc.integer({ min: 1, max: 9 }), (file, chunk) => {
        const elements = elementsOf(file, chunk);
        if (typeof elements === 'string') throw new Error(elements);
        expect(elements.map(({ damage }) => damage)).toEqual(elements.map(() => undefined));
        expect(elements.map(({ text }) => parsed(Buffer.from(text ?? '', 'latin1').toString()))).toEqual(JSON.parse(file.toString()));
      }),
      { numRuns: RUNS },
    );
  });

  it('when it was damaged is elements without a gap, or an error with file and line; one that JSON.parse still reads is whole', () => {
    fc.assert(
      fc.property(array, edits, (intact, changes) => {
        const file = edited(intact, changes);
        const elements = elementsOf(file, file.length || 1);
        const value = parsed(file.toString());
        // A number, a string or a word alone is JSON too, but no file of records.
        if (typeof value === 'object' && value !== null) expect(elements).toHaveLength(Array.isArray(value) ? value.length : 1);
        if (typeof elements === 'string') return expect(elements).toMatch(/^FILE_(MALFORMED|TRUNCATED) f:\d+ /);
        expectWithoutGap(file, elements);
      }),
      { numRuns: RUNS },
    );
  });

  it('gives the same elements in chunks of any size', () => {
    fc.assert(
      fc.property(array, edits, fc.integer({ min: 1, max: 9 }), (intact, changes, chunk) => {
        const file = edited(intact, changes);
        expect(elementsOf(file, chunk)).toEqual(elementsOf(file, file.length || 1));
      }),
      { numRuns: RUNS },
    );
  });

  it('becomes as many lines as it has whole elements, each of the same value', async () => {
    const path = join(dir.path, 'fuzz.json');
    await fc.assert(
      fc.asyncProperty(array, edits, async (intact, changes) => {
        await writeFile(path, edited(intact, changes));
        const scanned = await scanJson(path, { name: 'f' }).catch((error: unknown) => error);
        if (isWeirError(scanned)) return;
        const chunks: Buffer[] = [];
        for await (const chunk of rewriteJson(path, { name: 'f' })) chunks.push(chunk);
        const lines = Buffer.concat(chunks).toString().slice(1).split('\n').slice(0, -1);
        const elements = elementsOf(edited(intact, changes), 7);
        if (typeof elements === 'string') throw new Error(elements);
        const whole = elements.filter(({ damage }) => damage === undefined).map(({ text }) => Buffer.from(text ?? '', 'latin1').toString());
        expect(scanned).toMatchObject({ records: whole.length });
        expect(lines.map((line) => parsed(line) ?? line)).toEqual(whole.map((text) => parsed(text) ?? text.replaceAll(/[\r\n]/g, ' ')));
      }),
      { numRuns: RUNS },
    );
  });
});

/** Between elements stand space and commas, around them the brackets, and nothing else. */
function expectWithoutGap(file: Buffer, elements: readonly ElementSpan[]): void {
  let rest = '';
  let at = 0;
  for (const { offset, length } of elements) {
    rest += `${file.subarray(at, offset).toString('latin1')}#`;
    at = offset + length;
  }
  rest += file.subarray(at).toString('latin1');
  expect(rest.replaceAll(/[ \t\r\n]/g, '')).toMatch(/^(\[(#(,#)*)?\]|#)$/);
}

const record = fc.oneof({ weight: 3, arbitrary: fc.json({ maxDepth: 2 }) }, { weight: 1, arbitrary: fc.constantFrom('', ' ', '\t ', 'é"', '{"a":', 'x'.repeat(50)) });
const jsonLines = fc.array(fc.tuple(record, fc.constantFrom('\n', '\n', '\r\n')), { maxLength: 8 }).map((parts) => Buffer.from(parts.flat().join('')));

describe('any lines of JSON', () => {
  it('are lines without a gap, each of them a record, blank or damaged, whatever they are', () => {
    fc.assert(
      fc.property(jsonLines, edits, (intact, changes) => {
        const file = edited(intact, changes);
        const lines = linesOf(file, file.length || 1);
        if (typeof lines === 'string') throw new Error(lines);
        let at = 0;
        for (const [index, { offset, length, terminator, line, blank, damage, text }] of lines.entries()) {
          const bytes = file.subarray(at, at + length);
          expect([offset, line, text]).toEqual([at, index + 1, bytes.toString('latin1')]);
          expect(damage !== undefined).toBe([0x0a, 0x0d, 0, 0x1f].some((byte) => bytes.includes(byte)) || !Buffer.from(bytes.toString()).equals(bytes));
          if (blank) expect(text).toMatch(/^[ \t]*$/);
          at = offset + length + terminator;
        }
        expect(at).toBe(file.length);
      }),
      { numRuns: RUNS },
    );
  });

  it('are the same ones in chunks of any size', () => {
    fc.assert(
      fc.property(jsonLines, edits, fc.integer({ min: 1, max: 9 }), (intact, changes, chunk) => {
        const file = edited(intact, changes);
        expect(linesOf(file, chunk)).toEqual(linesOf(file, file.length || 1));
      }),
      { numRuns: RUNS },
    );
  });

  it('end a scan with counts that add up, or with an error that names file and line', async () => {
    const path = join(dir.path, 'fuzz.ndjson');
    await fc.assert(
      fc.asyncProperty(jsonLines, edits, async (intact, changes) => {
        const file = edited(intact, changes);
        await writeFile(path, file);
        const scanned = await scanNdjson(path, { name: 'fuzz.ndjson' }).catch((error: unknown) => error);
        const lines = file.toString('latin1').split('\n');
        if (isWeirError(scanned)) expect(scanned).toMatchObject({ place: `fuzz.ndjson:${lines.length}`, code: 'FILE_TRUNCATED' });
        else if (scanned instanceof Error) throw scanned;
        else {
          const { records, damaged, blank, bytes } = scanned as Awaited<ReturnType<typeof scanNdjson>>;
          expect([records + damaged.length + blank, bytes]).toEqual([lines.length - (lines.at(-1) === '' ? 1 : 0), file.length]);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
