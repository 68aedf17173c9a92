import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateRetail } from '../retail/generate-retail';
import { retailDays, retailRecords } from './retail-records';

describe('retail lines as records', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'weir-replay-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';

  function day(...lines: (string | Buffer)[]): string {
    const file = join(dir, '2010-12-01.csv');
    writeFileSync(file, Buffer.concat([HEADER, ...lines].flatMap((line) => [Buffer.from(line), Buffer.from('\n')])));
    return file;
  }

  test('have the texts of the file under its header, empty ones too, and the time of the invoice', async () => {
    const records = await retailRecords(day('536365,85123A,"SAYS ""HI"", TWICE",6,2010-12-01 08:26:00,2.55,,United Kingdom'));
    expect(records.map(({ key, timestamp, value }) => ({ key, timestamp: new Date(timestamp).toISOString(), value: JSON.parse(value.toString()) as unknown }))).toEqual([
      {
        key: '536365',
        timestamp: '2010-12-01T08:26:00.000Z',
        value: { InvoiceNo: '536365', StockCode: '85123A', Description: 'SAYS "HI", TWICE', Quantity: '6', InvoiceDate: '2010-12-01 08:26:00', UnitPrice: '2.55', CustomerID: '', Country: 'United Kingdom' },
      },
    ]);
  });

  test('come in the order of their times, and what has none or is damaged last, as it is', async () => {
    const at = (invoice: string, time: string): string => `${invoice},22423,CAKE STAND,1,${time},1.0,17850.0,France`;
    const notUtf8 = Buffer.from(at('5', '2010-12-01 08:00:00').replace('CAKE', 'C\xff\xfeKE'), 'latin1');
    const file = day(at('1', '2010-12-01 10:00:00'), '2,22423,POSTCARD', at('3', '2010-02-30 08:00:00'), at('4', '2010-12-01 09:00:00'), notUtf8, at('6', '2010-12-01 10:00:00'), `${at('7', '2010-12-01 07:00:00')},,`);
    const records = await retailRecords(file);
    expect(records.map(({ key, timestamp }) => `${key} ${new Date(timestamp).toISOString().slice(11, 16)}`)).toEqual(['4 09:00', '1 10:00', '6 10:00', '2 10:00', '3 10:00', '5 10:00', '7 10:00']);
    expect(records[3]?.value.toString()).toBe('2,22423,POSTCARD');
    expect(JSON.parse(records[4]?.value.toString() ?? '')).toMatchObject({ InvoiceNo: '3', InvoiceDate: '2010-02-30 08:00:00' });
    expect(records[5]?.value.equals(notUtf8)).toBe(true);
  });

  test('are all lines of all days, each once, and rise in time from day to day', async () => {
    const generated = await generateRetail(dir, { from: '2010-12-01', days: 9, rowsPerDay: 400, seed: 5, brokenShare: 0.02 });
    writeFileSync(join(dir, 'notes.csv'), 'not a day');
    const days = await retailDays(dir);
    expect(days).toEqual(generated.files);
    let last = 0;
    for (const file of days) {
      const records = await retailRecords(file);
      // The generator writes no line break into a field, so that lines are records.
      expect(records).toHaveLength(readFileSync(file, 'latin1').split('\n').length - 2);
      for (const { timestamp } of records) {
        expect(timestamp).toBeGreaterThanOrEqual(last);
        last = timestamp;
      }
      expect(new Set(records.map(({ timestamp }) => new Date(timestamp).toISOString().slice(0, 10)))).toEqual(new Set([/(\S{10})\.csv/.exec(file)?.[1]]));
    }
    expect(readdirSync(dir)).toContain('notes.csv');
  });

  test('are refused where there is no day, or a file has no header', async () => {
    await expect(retailDays(dir)).rejects.toThrow(RangeError);
    writeFileSync(join(dir, '2010-12-02.csv'), 'a,b\n1,2\n');
    await expect(retailRecords(join(dir, '2010-12-02.csv'))).rejects.toThrow('does not begin with a header');
  });
});
