import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { tempDir, type TempDir } from '@weir/testkit';
import fc from 'fast-check';
import type { CsvDialect } from './csv-dialect';
import { rewriteCsv } from './rewrite-csv';
import { scanCsv } from './scan';
import { splitRecord } from './split-record';

/** CI takes 200 cases; WEIR_FUZZ_RUNS asks for more. */
const RUNS = Number(process.env['WEIR_FUZZ_RUNS'] ?? 200);

let dir: TempDir;
let instance: DuckDBInstance;
let engine: DuckDBConnection;
beforeAll(async () => {
  dir = await tempDir();
  instance = await DuckDBInstance.create(':memory:', { memory_limit: '256MB', threads: '2', preserve_insertion_order: 'true' });
  engine = await instance.connect();
});
afterAll(async () => {
  engine.closeSync();
  instance.closeSync();
  await dir.dispose();
});

interface Written {
  readonly dialect: CsvDialect;
  readonly rows: readonly (readonly string[])[];
  readonly records: readonly string[];
  readonly text: string;
}

const field = fc.array(fc.constantFrom('a', '7', ' ', ',', ';', '\t', '|', '"', '""', "'", "''", '\\', '\\\\', '\\"', '\n', '\r\n', '#', 'é', '😀', '\ufeff', 'n'), { maxLength: 5 }).map((parts) => parts.join(''));

/** Rows in any dialect, written as its producers do: a field stands in quotes where it must, and sometimes where it need not. */
const written = fc
  .record({
    columns: fc.integer({ min: 1, max: 3 }),
    rows: fc.array(fc.array(fc.tuple(field, fc.boolean()), { minLength: 3, maxLength: 3 }), { maxLength: 8 }),
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
    quote: fc.constantFrom('"', '"', "'", ''),
    backslash: fc.boolean(),
    header: fc.boolean(),
    skipped: fc.array(fc.constantFrom('Report "of', '', "it's,;", '\0'), { maxLength: 2 }),
    lineEnd: fc.constantFrom('\n', '\r\n'),
    final: fc.boolean(),
  })
  .map(({ columns, rows, delimiter, quote, backslash, header, skipped, lineEnd, final }): Written => {
    const escape = backslash && quote !== '' ? '\\' : quote;
    // Without quotes a field is what has no delimiter, no line end, and in a file of one column something in it.
    const cut = rows.map((row) => row.slice(0, columns).map(([text, quoted]) => [quote === '' ? text.replaceAll(delimiter, '').replaceAll(/[\r\n]/g, '') || 'x' : text, quoted] as const));
    const put = (text: string, quoted: boolean): string => {
      const must = text === '' ? columns === 1 : [delimiter, quote, '\n', '\r', '\ufeff'].some((special) => text.includes(special));
      if (quote === '' || !(must || quoted)) return text;
      return quote + (escape === quote ? text.replaceAll(quote, quote + quote) : text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`)) + quote;
    };
    const names = Array.from({ length: columns }, (_, n) => `c${n}`);
    const records = cut.map((row) => row.map(([text, quoted]) => put(text, quoted)).join(delimiter));
    const lines = [...skipped, ...(header ? [names.join(delimiter)] : []), ...records];
    // Of two byte order marks the second one is text.
    const mark = lines[0]?.startsWith('\ufeff') ? '\ufeff' : '';
    const text = mark + lines.map((line, n) => line + (n === lines.length - 1 && !final ? '' : lineEnd)).join('');
    return { dialect: { delimiter, quote, escape, header: header ? undefined : names, skipLines: skipped.length }, rows: cut.map((row) => row.map(([value]) => value)), records, text };
  });

it('rows of any dialect come to the engine as they were written', async () => {
  const path = join(dir.path, 'raw.csv');
  await fc.assert(
    fc.asyncProperty(written, async ({ dialect, rows, records, text }) => {
      // Skipped lines that the file does not end are no lines to skip.
      fc.pre(rows.length > 0 || !dialect.header);
      await writeFile(path, text);
      const scan = await scanCsv(path, { name: 'f', ...dialect });
      expect(scan).toMatchObject({ records: rows.length, damaged: [] });
      for (const [n, record] of records.entries()) expect(splitRecord(Buffer.from(record), dialect.delimiter, dialect)).toEqual(rows[n]);
      if (!scan.plain) await writeFile(`${path}.copy`, rewriteCsv(path, scan, { name: 'f', ...dialect }));
      const quote = (dialect.quote ?? '"').replaceAll("'", "''");
      const columns = scan.header.map((name) => `'${name}': 'VARCHAR'`).join(', ');
      // As services/quality reads text; quotes are doubled in every file that comes to the engine.
      const sql = `select hex(columns(*)) from read_csv('${scan.plain ? path : `${path}.copy`}', columns = {${columns}}, delim = '${dialect.delimiter}', auto_detect = false, header = ${dialect.header === undefined}, quote = '${quote}', escape = '${quote}', comment = '', nullstr = '', strict_mode = true, null_padding = false, ignore_errors = false, compression = 'none', encoding = 'utf-8', parallel = ${!scan.multiline}${scan.plain ? '' : `, new_line = '\\n'`})`;
      const read = (await engine.runAndReadAll(sql)).getRows().map((row) => row.map((value) => Buffer.from(String(value ?? ''), 'hex').toString()));
      expect(read).toEqual(rows);
    }),
    { numRuns: RUNS },
  );
});
