import { openPool, Secret } from '@weir/platform';
import { listRows } from './list-rows';
import { HEADER, line, Workbench } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());

describe('listRows', () => {
  const file = (name: string, bad: string[]) => ({ name, content: [HEADER, ...bad].map((text) => `${text}\n`).join('') });

  it('gives the rows of a run newest first, with place and original bytes, up to the limit', async () => {
    await bench.validate([file('a.csv', ['1', '2', line('3', { 2: 'é', 3: 'x' })])], { runId: 'one' });
    await bench.validate([file('b.csv', ['4'])], { runId: 'two' });
    const { rows } = await listRows(bench.dependencies, { pipeline: 'retail', runId: 'one', limit: 2 });
    expect(rows.map((row) => [row.file, row.line, row.rules, row.original.toString()])).toEqual([
      ['a.csv', 4, ['type:quantity'], line('3', { 2: 'é', 3: 'x' })],
      ['a.csv', 3, ['too_few_fields'], '2'],
    ]);
    expect(rows[0]).toMatchObject({ runId: 'one', dataset: 'orders', byteOffset: Buffer.byteLength(`${HEADER}\n1\n2\n`), byteLength: Buffer.byteLength(line('3', { 2: 'é', 3: 'x' })), originalPath: '' });
    const all = await listRows(bench.dependencies, { pipeline: 'retail', runId: '', limit: 0 });
    expect(all.rows.map((row) => `${row.file}:${row.line}`)).toEqual(['b.csv:2', 'a.csv:4', 'a.csv:3', 'a.csv:2']);
    expect((await listRows(bench.dependencies, { pipeline: 'other', runId: '', limit: 0 })).rows).toEqual([]);
  });

  it('leaves originals out beyond 2 MiB, so that the answer fits a message', async () => {
    await bench.validate([file('big.csv', Array.from({ length: 60 }, (_, n) => `${n}${'x'.repeat(60_000)}`))], { runId: 'big' });
    const { rows } = await listRows(bench.dependencies, { pipeline: 'retail', runId: 'big', limit: 1_000 });
    expect(rows.length).toBe(60);
    const bytes = rows.map((row) => row.original.length);
    expect(bytes.reduce((sum, length) => sum + length)).toBeLessThanOrEqual(2 * 1024 * 1024);
    expect([bytes[0], bytes[59]]).toEqual([60_002, 0]);
  });

  it('says UNAVAILABLE when Postgres does not answer', async () => {
    const pool = openPool({ host: '127.0.0.1', port: 1, database: 'weir', user: 'weir', password: new Secret('none') });
    await expect(listRows({ pool }, { pipeline: 'retail', runId: '', limit: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await pool.end();
  });
});
