import type { Check, Definition, RowOrder } from '@weir/core';
import { Verdict } from '@weir/rpc';
import { HEADER, line, retail, Workbench, type SourceFile } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());
beforeEach(async () => {
  bench.definition = retail();
  await bench.database.pool.query('truncate quality.quarantined_row');
});

const file = (lines: string[], name = 'day.csv', partition = 'all'): SourceFile => ({ name, content: [HEADER, ...lines].map((text) => `${text}\n`).join(''), partition });

describe('rows that occur again', () => {
  const keyed = (order: RowOrder): Definition => {
    const columns = retail().contract.datasets[0]?.columns.map((column) => (column.name === 'invoice_no' ? { ...column, keyPosition: 1 } : column)) ?? [];
    return retail({ dataset: { columns, order } });
  };
  const admitted = async (files: SourceFile[]): Promise<string[]> => {
    const { result } = await bench.validate(files);
    return (await bench.rowsOf(result?.bronze, "invoice_no || ' ' || quantity || ' ' || _weir_position as shown")).map((row) => String(row['shown'])).sort();
  };

  it('without a key are one row when all values are equal, in one partition', async () => {
    const day = (n: number) => `2010-12-0${n}T00:00:00Z`;
    const lines = [line('1'), line('1'), line('1', { 3: '6.0' }), line('1', { 3: '7' })];
    expect(await admitted([file(lines, 'a.csv', day(1)), file([line('1')], 'b.csv', day(2))])).toEqual(['1 6 a.csv:2', '1 6 b.csv:2', '1 7 a.csv:5']);
  });

  it('with a key are the one that arrived last', async () => {
    bench.definition = keyed({ by: 'arrival' });
    expect(await admitted([file([line('1'), line('1', { 3: '7' }), line('2')], 'a.csv'), file([line('1', { 3: '5' })], 'b.csv')])).toEqual(['1 5 b.csv:2', '2 6 a.csv:4']);
  });

  it('with a key and a sequence are the one with the greatest sequence, wherever it stands', async () => {
    bench.definition = keyed({ by: 'sequence', column: 'invoice_date' });
    const at = (time: string, quantity: string) => line('1', { 3: quantity, 4: `2010-12-01 ${time}` });
    expect(await admitted([file([at('08:00', '1'), at('10:00', '2'), at('09:00', '3')])])).toEqual(['1 2 day.csv:3']);
  });

  it('with a key that never changes are the first; the same key with other values goes to quarantine', async () => {
    bench.definition = keyed({ by: 'immutable' });
    const { result } = await bench.validate([file([line('1'), line('1'), line('1', { 3: '7' })])]);
    expect(result?.accounts).toEqual({ read: 3, admitted: 1, duplicate: 1, quarantined: 1, filtered: 0 });
    expect(await bench.quarantined()).toMatchObject([{ line: 4, rules: ['key_conflict'], original: Buffer.from(line('1', { 3: '7' })) }]);
  });
});

describe('rows that delete their key', () => {
  const deletes = (...checks: Check[]): Definition => {
    const columns = retail().contract.datasets[0]?.columns.map((column) => (column.name === 'invoice_no' ? { ...column, keyPosition: 1 } : column)) ?? [];
    return retail({ dataset: { columns, checks, order: { by: 'arrival' }, deletes: "country = 'none'" } });
  };
  /** A row that deletes: its key, and nothing else that the contract wants. */
  const gone = (invoice: string): string => `${invoice},,,,,,,none`;

  it('need their key and nothing else, win or lose like any other, and are in bronze', async () => {
    bench.definition = deletes();
    const { result } = await bench.validate([file([line('1'), gone('1'), gone('2'), line('2', { 3: '5' }), gone(''), line('3')])]);
    expect(result?.accounts).toEqual({ read: 6, admitted: 3, duplicate: 2, quarantined: 1, filtered: 0 });
    const rows = await bench.rowsOf(result?.bronze, 'invoice_no, quantity, _weir_deleted');
    expect(rows.toSorted((a, b) => Number(a['invoice_no']) - Number(b['invoice_no']))).toEqual([
      { invoice_no: '1', quantity: null, _weir_deleted: true },
      { invoice_no: '2', quantity: 5, _weir_deleted: false },
      { invoice_no: '3', quantity: 6, _weir_deleted: false },
    ]);
    expect(await bench.quarantined()).toMatchObject([{ line: 6, rules: ['required:invoice_no'] }]);
  });

  it('are not counted by checks, neither as rows nor as what is measured', async () => {
    const check = { severity: 'warning', type: 'completeness' } as const;
    bench.definition = deletes(
      { ...check, id: 'nulls', measure: { kind: 'nullShare', column: 'quantity' }, threshold: { equal: 0, unit: 'rows' } },
      { ...check, id: 'rows', measure: { kind: 'count' }, threshold: { equal: 2, unit: 'rows' } },
      { ...check, id: 'sum', measure: { kind: 'sql', query: 'select count(*) from ${dataset}' }, threshold: { equal: 2, unit: 'value' } },
      { ...check, id: 'twice', measure: { kind: 'unique', columns: ['invoice_no'] }, threshold: { equal: 0, unit: 'rows' } },
    );
    const { result } = await bench.validate([file([line('1'), line('2'), gone('3'), gone('4'), gone('4')])]);
    expect(result?.checks.map(({ check: id, passed, actual }) => [id, passed, actual])).toEqual([['nulls', true, '0 rows'], ['rows', true, '2 rows'], ['sum', true, '2'], ['twice', true, '0 rows']]);
    expect(result?.accounts).toMatchObject({ admitted: 4, duplicate: 1 });
  });
});

describe('the breaker', () => {
  it('ends a run with more bad rows than the share and the least number, and keeps a thousand examples', async () => {
    bench.definition = retail({ failAbove: { share: 0.1, minRows: 100 } });
    const lines = Array.from({ length: 12_000 }, (_, n) => line(String(n), n % 5 === 0 ? { 3: 'x' } : {}));
    const { result, error } = await bench.validate([file(lines)]);
    expect(result).toBeUndefined();
    expect(error).toMatchObject({ code: 'QUARANTINE_LIMIT', message: '2400 of 12000 rows (20 %) went to quarantine; the limit is 10 % and 100 rows. Most broke type:quantity.' });
    expect(error?.samples[0]).toBe('day.csv:2: quantity is not a whole number.');
    expect((await bench.quarantined()).length).toBe(1_000);
  });

  it('lets a few bad rows of a small file pass, whatever their share', async () => {
    bench.definition = retail({ failAbove: { share: 0.01, minRows: 100 } });
    const { error, result } = await bench.validate([file(Array.from({ length: 100 }, (_, n) => line(String(n), { 3: 'x' })))]);
    expect({ error, quarantined: result?.accounts?.quarantined }).toEqual({ error: undefined, quarantined: 100 });
  });
});

describe('the checks of the dataset', () => {
  const withChecks = (...checks: Check[]): Definition => retail({ dataset: { checks } });
  const check = { type: 'completeness', threshold: { atMost: 30, unit: 'percent' } } as const;

  it('give outcomes that people can read, a verdict and a score', async () => {
    const lines = Array.from({ length: 8 }, (_, n) => line(String(n), n < 2 ? { 6: '' } : { 2: n === 7 ? '' : 'x' }));
    const { result } = await bench.validate([file(lines)]);
    expect(result).toMatchObject({
      verdict: Verdict.WARNING,
      score: 50,
      checks: [
        { check: 'orders.customer_id.nullValues', dataset: 'bronze.orders', passed: true, actual: '25 %', threshold: 'at most 30 %' },
        { check: 'orders.description.nullValues', passed: false, actual: '1 row', threshold: 'exactly 0 rows', severity: 'SEVERITY_WARNING' },
      ],
    });
  });

  it('end the run when a critical one fails: the result first, then the error with the failing rows; nothing staged', async () => {
    bench.definition = withChecks({ ...check, id: 'customers', severity: 'critical', measure: { kind: 'nullShare', column: 'customer_id' } });
    const { result, error } = await bench.validate([file([line('1', { 6: '' }), line('2')])]);
    expect(result).toMatchObject({ verdict: Verdict.FAILED, score: 0, bronze: undefined });
    expect(error).toMatchObject({ code: 'CHECK_FAILED', message: '1 critical check of 1 failed: customers is 50 %, not at most 30 %.', samples: ['day.csv:2: customers'] });
  });

  it('count what is not unique before duplicates are dropped', async () => {
    const measure = { kind: 'unique', columns: ['invoice_no'] } as const;
    bench.definition = withChecks({ ...check, id: 'twice', severity: 'critical', measure, threshold: { equal: 0, unit: 'rows' } });
    const { result, error } = await bench.validate([file([line('1'), line('1'), line('2')])]);
    expect({ checks: result?.checks.map(({ actual }) => actual), admitted: result?.accounts?.admitted, samples: error?.samples }).toEqual({ checks: ['1 row'], admitted: 2, samples: ['(1) occurs 2 times, first at day.csv:2: twice'] });
  });

  it('take queries of the user, and fail as critical with the reason when one cannot be measured', async () => {
    const sql = (id: string, query: string) => ({ ...check, id, severity: 'info', measure: { kind: 'sql', query }, threshold: { atLeast: 6, unit: 'value' } }) as const;
    bench.definition = withChecks(sql('sum', 'select sum(quantity) from ${dataset}'), sql('text', "select 'many'"), sql('none', 'select null'), sql('missing', 'select count(*) from ${dataset} where nothing = 1'));
    const { result, error } = await bench.validate([file([line('1')])]);
    expect(result?.checks.map(({ check: id, passed, actual, severity }) => [id, passed, actual, severity])).toEqual([
      ['sum', true, '6', 'SEVERITY_INFO'],
      ['text', false, 'not measured', 'SEVERITY_CRITICAL'],
      ['none', false, 'not measured', 'SEVERITY_CRITICAL'],
      ['missing', false, 'not measured', 'SEVERITY_CRITICAL'],
    ]);
    expect(result?.checks[3]?.error).toMatch(/nothing/);
    expect(error?.code).toBe('CHECK_FAILED');
  });

  it('do not hide each other: one that cannot be measured leaves the others their numbers', async () => {
    bench.definition = withChecks({ ...check, id: 'bad', severity: 'info', measure: { kind: 'pattern', column: 'country', patterns: ['('] } }, { ...check, id: 'good', severity: 'info', measure: { kind: 'nullShare', column: 'country' } });
    const { result } = await bench.validate([file([line('1')])]);
    expect(result?.checks.map(({ check: id, passed, error }) => [id, passed, error === ''])).toEqual([['bad', false, false], ['good', true, true]]);
  });

  it('that are none give no score', async () => {
    bench.definition = withChecks();
    expect((await bench.validate([file([line('1')])])).result).toMatchObject({ verdict: Verdict.PASSED, score: undefined, checks: [] });
  });
});
