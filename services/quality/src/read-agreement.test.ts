import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scanCsv, type CsvScan } from '@weir/connectors';
import { CSV_LAYOUT, type ContractDataset } from '@weir/core';
import { withEngine } from '@weir/engine';
import { tempDir } from '@weir/testkit';
import fc from 'fast-check';
import { cleanFile, textRelations, type TextFile } from './format/csv-format';
import type { ScannedFile } from './format/file-format';

/** CI takes 60 cases of up to 6 files each; WEIR_FUZZ_RUNS asks for more. */
const RUNS = Number(process.env['WEIR_FUZZ_RUNS'] ?? 60);

const field = fc.oneof(
  { weight: 3, arbitrary: fc.array(fc.constantFrom('a', '7', ' ', ',', ';', '"', '""', '\n', '\r\n', '\r', '\t', "'", '\\', '#', 'é', '漢', '😀', '\u2028', '\u00a0', 'null'), { maxLength: 6 }).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !text.includes('\0')) },
  { weight: 1, arbitrary: fc.constant('') },
);

const NAMES = ['c0', 'c1', 'c2', 'c3'];
const DATASET: ContractDataset = { name: 'd', columns: NAMES.map((name) => ({ name, physicalName: name, type: 'VARCHAR', required: false })), rules: [], checks: [], order: { by: 'arrival' } };

/** A valid CSV file: fields quoted where they must be and sometimes where they need not. */
const csvFile = fc.integer({ min: 1, max: 4 }).chain((columns) =>
  fc
    .record({
      rows: fc.array(fc.tuple(fc.array(fc.tuple(field, fc.boolean()), { minLength: columns, maxLength: columns }), fc.constantFrom('\n', '\r\n')), { maxLength: 12 }),
      ends: fc.constantFrom('\n', '\r\n', 'mixed'),
      mark: fc.boolean(),
      final: fc.boolean(),
      quotedHeader: fc.boolean(),
    })
    .map(({ rows, ends, mark, final, quotedHeader }) => {
      const names = Array.from({ length: columns }, (_, n) => `c${n}`);
      const lines = [{ text: names.map((name) => (quotedHeader ? `"${name}"` : name)).join(','), end: ends === 'mixed' ? '\n' : ends }];
      for (const [fields, end] of rows) lines.push({ text: fields.map(([text, quote]) => (quote || columns === 1 || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(','), end: ends === 'mixed' ? end : ends });
      const text = lines.map((line, n) => line.text + (n === lines.length - 1 && !final ? '' : line.end)).join('');
      return { names, text: (mark ? '\ufeff' : '') + text };
    }),
);

/** Written apart from the scanner: one character at a time over decoded text, rows as [line, ...fields]. */
function oracle(text: string): [number, ...string[]][] {
  const rows: [number, ...string[]][] = [];
  let [line, start, at] = [1, 1, 0];
  let fields: string[] = [];
  const chars = text.replace(/^\ufeff/, '');
  while (at < chars.length) {
    let value = '';
    if (chars[at] === '"') {
      for (at++; chars[at] !== '"' || chars[at + 1] === '"'; at += chars[at] === '"' ? 2 : 1) {
        if (chars[at] === '\n') line++;
        value += chars[at];
      }
      at++;
    } else while (at < chars.length && !/[,\r\n]/.test(chars[at] ?? '')) value += chars[at++];
    fields.push(value);
    if (chars[at] === ',' && at === chars.length - 1) fields.push('');
    const ended = at >= chars.length || chars[at] !== ',' || at === chars.length - 1;
    if (chars[at] === ',') at++;
    else at += chars[at] === '\r' ? 2 : 1;
    if (!ended) continue;
    rows.push([start, ...fields]);
    fields = [];
    start = ++line;
  }
  return rows.slice(1);
}

it('the engine reads the same rows as the scan finds and as a parser of the test reads, of any valid files', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(csvFile, { minLength: 1, maxLength: 6 }), async (contents) => {
      const dir = await tempDir();
      try {
        const texts: TextFile[] = [];
        for (const [file, { names, text }] of contents.entries()) {
          const path = join(dir.path, `raw-${file}.csv`);
          await writeFile(path, text);
          const expected = oracle(text);
          const lines: number[] = [];
          let shift: number | undefined;
          const runs = new Map<number, number>();
          const scan = await scanCsv(path, { name: 'f', delimiter: ',', onLineRun: (run) => runs.set(run.ordinal, run.shift) });
          for (let ordinal = 0; ordinal < scan.records; ordinal++) lines.push(ordinal + (shift = runs.get(ordinal) ?? shift ?? scan.shift));
          expect({ header: scan.header, damaged: scan.damaged, lines }).toEqual({ header: names, damaged: [], lines: expected.map(([line]) => line) });
          const scanned: ScannedFile<CsvScan> = { file, partition: 'all', name: 'f', path, sha256: scan.sha256, scan, first: 0 };
          texts.push(await cleanFile(scanned, names.map((name) => ({ name })), { delimiter: ',' }, dir.path, new AbortController().signal));
        }
        const read = await withEngine({ inputs: texts.map(({ path }) => path), staging: dir.path, memoryLimit: '128MB', threads: 2 }, async (engine) => {
          const rows: Record<string, string | number | null>[] = [];
          for (const relation of textRelations(DATASET, texts, CSV_LAYOUT)) rows.push(...(await engine.rows<Record<string, string | number | null>>(`select _weir_file, ${NAMES.join(', ')} from ${relation}`)));
          return rows.map(({ _weir_file: file, ...row }) => [file, ...Object.values(row).slice(0, contents[Number(file)]?.names.length).map((value) => value ?? '')]);
        });
        expect(read).toEqual(contents.flatMap(({ text }, file) => oracle(text).map(([, ...fields]) => [file, ...fields])));
      } finally {
        await dir.dispose();
      }
    }),
    { numRuns: RUNS },
  );
});
