import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toWeirError, type ContractDataset } from '@weir/core';
import { withEngine } from '@weir/engine';
import { tempDir, type TempDir } from '@weir/testkit';
import fc from 'fast-check';
import { parquetFormat } from './parquet-format';

/** CI takes 150 files; WEIR_FUZZ_RUNS asks for more. */
const RUNS = Number(process.env['WEIR_FUZZ_RUNS'] ?? 150);

const NAMES = ['id', 'total', 'day', 'note', 'more'];
const DATASET: ContractDataset = { name: 'd', columns: NAMES.map((name) => ({ name, physicalName: name, type: 'VARCHAR', required: false })), rules: [], checks: [], order: { by: 'arrival' } };
const ROWS = 200;
/** About as long as the footers here. */
const FOOTER_BYTES = 2_000;
const SELECT = `select n as id, (n / 8)::decimal(12,3) as total, date '2026-01-01' + n::integer as day, case when n % 7 > 0 then repeat('note ' || n, n::integer % 5) end as note, {'a': [n, null]} as more from range(${ROWS}) r(n)`;

let dir: TempDir;
let files: readonly Buffer[];
beforeAll(async () => {
  dir = await tempDir();
  files = await Promise.all(['uncompressed', 'snappy', 'zstd', 'gzip'].map(written));
});
afterAll(() => dir.dispose());

async function written(codec: string): Promise<Buffer> {
  const path = join(dir.path, `${codec}.parquet`);
  await withEngine({ inputs: [], staging: dir.path, memoryLimit: '128MB', threads: 1 }, (engine) => engine.run(`copy (${SELECT}) to '${path}' (format parquet, compression ${codec}, row_group_size 64)`));
  return readFile(path);
}

let count = 0;
/** How many rows a file gives, read as a run reads it. */
async function rowsIn(content: Buffer): Promise<number> {
  count += 1;
  const path = join(dir.path, `read-${count % 8}.parquet`);
  await writeFile(path, content);
  const signal = AbortSignal.timeout(10_000);
  const scan = await parquetFormat.scan(path, { name: 'day.parquet', dir: dir.path, signal, onLineRun: () => undefined, onChunk: () => Promise.resolve() });
  const file = { file: 0, partition: 'all', name: 'day.parquet', path, sha256: scan.sha256, scan, first: 0 };
  return withEngine({ inputs: [path], staging: dir.path, memoryLimit: '128MB', threads: 1, signal }, async (engine) => {
    const [relation = ''] = await parquetFormat.relations([file], { dataset: DATASET, dir: dir.path, engine, signal });
    // Every value is looked at: what nobody asks for the engine does not read.
    const [counted] = await engine.rows<{ rows: number }>(`select count(*) as rows, sum(length(concat_ws('', ${NAMES.join(', ')}))) as characters from ${relation}`);
    return counted?.rows ?? -1;
  }).catch((error: unknown) => {
    throw parquetFormat.fault?.(error, file) ?? error;
  });
}

test('a file that nobody damaged has its rows, with every codec', async () => {
  for (const file of files) expect(await rowsIn(file)).toBe(ROWS);
});

test('a file with any bytes changed, taken out or put in gives rows, or is refused by name: no crash, no hang', async () => {
  const damage = fc.record({ file: fc.nat({ max: 3 }), at: fc.noBias(fc.nat({ max: 1_000_000 })), length: fc.option(fc.constantFrom(0, 1, 2, 4, 9, 64)), bytes: fc.noBias(fc.uint8Array({ minLength: 0, maxLength: 16 })), footer: fc.boolean() });
  const ends = { rows: 0, refused: 0, memory: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
      let content = files[damages[0]?.file ?? 0] ?? Buffer.alloc(0);
      for (const { at, length, bytes, footer } of damages) {
        // The magic bytes at both ends stay: what is wrong there is seen before an engine looks. Half of the damage is near the end, where the footer says where all else is.
        const within = footer ? Math.min(content.length - 12, FOOTER_BYTES) : content.length - 12;
        const from = content.length - 8 - Math.floor((at / 1_000_000) * within);
        content = Buffer.concat([content.subarray(0, from), bytes, content.subarray(from + (length ?? bytes.length))]);
      }
      const rows = await rowsIn(content).catch(toWeirError);
      // A length that was damaged may ask for more memory than there is; the engine's limit says so, and cannot know that the file is to blame.
      const end = typeof rows === 'number' ? 'rows' : rows.code === 'MEMORY_LIMIT' ? 'memory' : 'refused';
      ends[end] += 1;
      if (typeof rows !== 'number' && end === 'refused') expect(rows).toMatchObject({ code: expect.stringMatching(/^FILE_(MALFORMED|TRUNCATED)$/), place: 'day.parquet' });
    }),
    { numRuns: RUNS },
  );
  if (process.env['WEIR_FUZZ_RUNS']) process.stdout.write(`${RUNS} damaged files: ${JSON.stringify(ends)}\n`);
  expect(ends.rows).toBeGreaterThan(0);
  expect(ends.memory).toBeLessThanOrEqual(Math.max(2, RUNS / 200));
});
