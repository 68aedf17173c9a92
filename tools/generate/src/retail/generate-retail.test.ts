import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { generateRetail, type RetailOptions } from './generate-retail';

const FORTNIGHT: RetailOptions = { from: '2010-12-01', days: 14, rowsPerDay: 2_000, seed: 7 };

describe('generated retail data', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'weir-generate-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function linesOf(files: readonly string[]): string[] {
    return files.flatMap((file) => readFileSync(file, 'latin1').split('\n').slice(1, -1));
  }

  test('is the same for the same seed and another for another', async () => {
    const hash = async (seed: number, folder: string): Promise<string> => {
      const { files } = await generateRetail(join(dir, folder), { ...FORTNIGHT, seed });
      return createHash('sha256').update(files.map((file) => readFileSync(file, 'utf8')).join()).digest('hex');
    };
    const [one, again, other] = [await hash(1, 'a'), await hash(1, 'b'), await hash(2, 'c')];
    expect(again).toBe(one);
    expect(other).not.toBe(one);
  });

  test('has a file for every day but Saturdays, each with exactly the rows asked for', async () => {
    const { files, rows } = await generateRetail(dir, FORTNIGHT);
    expect(files.map((file) => basename(file))).not.toContain('2010-12-04.csv');
    expect(files).toHaveLength(12);
    expect(rows).toBe(24_000);
    for (const file of files) expect(linesOf([file])).toHaveLength(2_000);
  });

  test('says truly how many lines are copies and how many the rules refuse', async () => {
    const { files, expected } = await generateRetail(dir, FORTNIGHT);
    const lines = linesOf(files);
    const refused = lines.filter((line) => /^[^C].*,-\d+,2010-/.test(line) || /,-\d+\.\d+,/.test(line)).length;
    const duplicate = lines.length - new Set(lines).size;
    expect(expected).toEqual({ read: lines.length, duplicate, quarantined: refused, admitted: lines.length - duplicate - refused });
    expect(duplicate).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });

  test('has every kind of dirt that real data has', async () => {
    const lines = linesOf((await generateRetail(dir, { ...FORTNIGHT, days: 60 })).files);
    const kinds = { cancellation: /^C\d+,.*,-\d+,/, badDebt: /^A\d+,.*,-\d+\.\d+,/, comma: /,"[^"]*,[^"]*",/, quote: /""/, nobody: /,,United Kingdom$/, threeDecimals: /,\d+\.\d\d5,/, floatCustomer: /,\d{5}\.0,/, noDescription: /^\w+,\w+,,/, free: /,0\.0,/ };
    for (const [kind, pattern] of Object.entries(kinds)) expect({ kind, found: lines.some((line) => pattern.test(line)) }).toEqual({ kind, found: true });
  });

  test('has the share of damaged lines asked for, of every kind, and counts them as quarantined', async () => {
    const { files, expected } = await generateRetail(dir, { ...FORTNIGHT, days: 1, brokenShare: 0.01 });
    const lines = linesOf(files);
    const damaged = lines.filter((line) => line.startsWith('9'));
    const refused = lines.filter((line) => !line.startsWith('9') && (/^[^C].*,-\d+,2010-/.test(line) || /,-\d+\.\d+,/.test(line))).length;
    expect(lines).toHaveLength(2_000);
    expect(damaged).toHaveLength(20);
    expect(expected.quarantined).toBe(20 + refused);
    for (const kind of [/^9\d+,\w+,[^,]*$/, /,,$/, /\xff\xfe/, /,a dozen,/, /,2010-02-30 /]) expect(damaged.filter((line) => kind.test(line))).not.toEqual([]);
  });

  test('makes as many rows over a year as the real data has', async () => {
    const { rows } = await generateRetail(dir, { from: '2010-12-01', days: 374, rowsPerDay: 1_688, seed: 3 });
    expect(rows).toBeGreaterThan(540_000);
  }, 60_000);

  test('refuses a date that is none', async () => {
    await expect(generateRetail(dir, { ...FORTNIGHT, from: 'yesterday' })).rejects.toThrow('is not a date');
  });
});
