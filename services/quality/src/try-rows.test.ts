import { randomUUID } from 'node:crypto';
import type { Definition } from '@weir/core';
import type { RowFilter, TryRowsResponse } from '@weir/rpc';
import { getRow } from './get-row';
import { listRows } from './list-rows';
import { replayRows } from './replay-rows';
import { clicks, column, sendBatch } from './testing/records';
import { HEADER, line, retail, Workbench } from './testing/workbench';
import { tryRows } from './try-rows';

const signal = new AbortController().signal;
const filtering = (filter: Partial<RowFilter>): RowFilter => ({ runId: '', rule: '', partition: '', rows: [], before: '', ...filter });

let bench: Workbench;
beforeEach(async () => {
  bench = await Workbench.open();
});
afterEach(() => bench.close());

function apply(definition: Definition): void {
  bench.definition = definition;
  bench.catalog.definitions.set(definition.name, definition);
}

/** All pages of a trial. */
async function tried(pipeline: string, filter?: RowFilter): Promise<TryRowsResponse[]> {
  const pages: TryRowsResponse[] = [];
  for (let cursor = ''; ; ) {
    const page = await tryRows(bench.dependencies, { pipeline, filter, cursor }, signal);
    if (page.cursor === '') return pages;
    pages.push(page);
    cursor = page.cursor;
  }
}

/** The tables of the quarantine, whole. */
async function tables(): Promise<string> {
  const names = ['quarantined_row', 'quarantine_event', 'quarantine_action', 'judgement', 'account'];
  const found = await Promise.all(names.map((name) => bench.database.pool.query(`select * from quality.${name} order by 1, 2`)));
  return JSON.stringify(found.map(({ rows }) => rows as unknown));
}

const rulesOf = (pages: TryRowsResponse[]) => pages.flatMap(({ rules }) => rules.map(({ rule, landing, staying }) => [rule, landing, staying]));

describe('tryRows', () => {
  const loosened = (): Definition => {
    const definition = retail();
    const [orders] = definition.contract.datasets;
    if (!orders) throw new Error('The contract has no dataset.');
    return { ...definition, contract: { ...definition.contract, version: '2.0.0', datasets: [{ ...orders, rules: [] }] } };
  };

  it('says of rows of files by rule and grain which would land, and writes nothing', async () => {
    apply(retail());
    const large = line('6', { 2: 'x'.repeat(70_000), 5: '-1' });
    const first = [HEADER, line('1', { 5: '-1' }), line('2', { 3: 'x' }), '3', line('4', { 2: '"a\nb"', 5: '-2' }), line('5')].join('\n');
    // Other columns first: every file has a header of its own.
    const turned = ['Country,InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID', 'France,7,x,y,0,2010-12-01 08:26:00,1,', 'France,8,x,y,a,2010-12-01 08:26:00,1,'].join('\n');
    await bench.validate([
      { name: 'a.csv', content: `${first}\n${large}\n`, partition: '2010-12-01T00:00:00Z' },
      { name: 'b.csv', content: `${turned}\n`, partition: '2010-12-02T00:00:00Z' },
    ]);
    apply(loosened());
    const before = await tables();
    const pages = await tried('retail');
    expect(rulesOf(pages)).toEqual([
      ['unit_price_not_negative', 3, 0],
      ['type:quantity', 0, 2],
      ['quantity_or_cancellation', 1, 0],
      ['too_few_fields', 0, 1],
    ]);
    expect(pages[0]?.grains.map(({ partition, open, landing }) => [partition, open, landing])).toEqual([
      ['2010-12-01T00:00:00Z', 5, 3],
      ['2010-12-02T00:00:00Z', 2, 1],
    ]);
    expect(pages[0]?.rules[1]?.samples).toEqual([expect.stringMatching(/^#\d+ a\.csv:3: /), expect.stringMatching(/^#\d+ b\.csv:3: /)]);
    expect(rulesOf(await tried('retail', filtering({ rule: 'type:quantity', partition: '2010-12-02' })))).toEqual([['type:quantity', 0, 1]]);
    expect(await tables()).toEqual(before);
  });

  it('says that a row stays whose raw file is gone, or whose file has another header than the contract wants', async () => {
    apply(retail());
    await bench.validate([{ name: 'a.csv', content: `${HEADER}\n${line('1', { 5: '-1' })}\n` }]);
    await bench.database.pool.query(`update quality.quarantined_row set sha256 = repeat('0', 64)`);
    apply(loosened());
    expect((await tried('retail'))[0]?.rules).toMatchObject([{ landing: 0, staying: 1, samples: [expect.stringContaining('The raw file is no longer kept.')] }]);
    await bench.validate([{ name: 'b.csv', content: `${HEADER}\n${line('1', { 3: 'x' })}\n` }]);
    const [orders] = loosened().contract.datasets;
    if (!orders) throw new Error('The contract has no dataset.');
    apply({ ...loosened(), contract: { id: 'retail', version: '3.0.0', datasets: [{ ...orders, columns: orders.columns.map((one) => ({ ...one, physicalName: one.physicalName === 'Country' ? 'Land' : one.physicalName })) }] } });
    const samples = (await tried('retail', filtering({ rule: 'type:quantity' })))[0]?.rules[0]?.samples;
    expect(samples).toEqual([expect.stringContaining('does not have column `Land`')]);
  });

  it('goes through any number of rows in pages, each row once', async () => {
    apply(retail());
    const bad = Array.from({ length: 2_500 }, (_, n) => line(String(n), { 5: '-1' }));
    bench.definition = { ...retail(), policy: { ...retail().policy, failAbove: { share: 1, minRows: 5_000 } } };
    await bench.validate([{ name: 'a.csv', content: `${[HEADER, ...bad].join('\n')}\n` }], { runId: 'one' });
    apply(loosened());
    const pages = await tried('retail');
    expect(pages.map(({ grains }) => grains.map(({ landing }) => landing))).toEqual([[2_000], [500]]);
    // The run has published nothing: its own raw segments are to be run again.
    expect(pages.flatMap(({ grains }) => grains.map(({ retryOf }) => retryOf))).toEqual(['one', 'one']);
  });

  it('names the run that judged a grain last where it has published nothing, whichever row is the newest', async () => {
    apply(retail());
    const day = (...lines: string[]) => [{ name: 'a.csv', content: `${[HEADER, ...lines].join('\n')}\n`, partition: '2010-12-01T00:00:00Z' }];
    const retryOf = async () => (await tried('retail')).flatMap(({ grains }) => grains.map((grain) => grain.retryOf));
    const bad = [line('1', { 5: '-1' }), line('2', { 3: 'x' })];
    await bench.validate(day(...bad), { runId: 'published' });
    await replayRows(bench.dependencies, { runId: 'published', extracted: true });
    expect(await retryOf()).toEqual(['']);
    // It refuses the older row again, and admits the newer one.
    const [orders] = retail().contract.datasets;
    if (!orders) throw new Error('The contract has no dataset.');
    const columns = orders.columns.map((one) => (one.name === 'quantity' ? { ...one, type: 'VARCHAR' as const } : one));
    bench.definition = { ...retail(), contract: { ...retail().contract, datasets: [{ ...orders, columns, rules: orders.rules.slice(0, 1) }] } };
    await bench.validate(day(...bad), { runId: 'failed' });
    expect(await retryOf()).toEqual(['failed']);
    await replayRows(bench.dependencies, { runId: 'failed', extracted: true });
    expect(await retryOf()).toEqual(['']);
  });

  it('judges records as a micro-batch does, and tells how far the archive must be', async () => {
    const columns = [column('id', 'VARCHAR', { required: true }), column('n', 'BIGINT')];
    apply(clicks({ columns, rules: [{ id: 'small', severity: 'critical', type: 'accuracy', predicate: 'n < 10', description: 'n is small' }] }));
    const record = (value: string, offset: number, partition = 0) => ({ value, offset, partition });
    const poison = { value: null, offset: 4, poison: { reason: 'too_large', path: 'quarantine/clicks/x.bin', length: 2_000_000 } };
    await sendBatch(bench, [record('{"id":"a","n":50}', 0), record('{"id":"b","n":5000}', 1), record('{"id":"c","n":"x"}', 2), record('{"n":1}', 3), poison, record('{"id":"d","n":12}', 0, 1)]);
    apply(clicks({ columns, rules: [{ id: 'small', severity: 'critical', type: 'accuracy', predicate: 'n < 100', description: 'n is small' }] }));
    const before = await tables();
    const [page] = await tried('clicks');
    expect(page?.rules.map(({ rule, landing, staying }) => [rule, landing, staying])).toEqual([
      ['small', 2, 1],
      ['missing:id', 0, 1],
      ['too_large', 0, 1],
      ['type:n', 0, 1],
    ]);
    expect(page?.grains).toEqual([{ partition: 'all', open: 6, landing: 2, retryOf: '', marks: [{ log: 'clicks:0', offset: 0 }, { log: 'clicks:1', offset: 0 }] }]);
    expect(await tables()).toEqual(before);
  });

  it('refuses a pipeline, a filter and a cursor that are none', async () => {
    await expect(tried('none')).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
    apply(retail());
    await expect(tryRows(bench.dependencies, { pipeline: 'retail', cursor: 'x' }, signal)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(tried('retail', filtering({ partition: 'yesterday' }))).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
    await expect(tried('retail', filtering({ rows: [0] }))).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });
});

describe('a row that is looked at', () => {
  it('comes with its original, its rules as the contract tells them, and in lists with counts by rule', async () => {
    apply(retail());
    const large = line('6', { 2: 'é'.repeat(40_000), 5: '-1' });
    await bench.validate([{ name: 'a.csv', content: `${HEADER}\n${large}\n${line('2', { 3: 'x' })}\n${line('3', { 3: 'y' })}\n` }], { runId: randomUUID() });
    const { rows, summary } = await listRows(bench.dependencies, { pipeline: 'retail', runId: '', limit: 2, summary: true, status: 'open' });
    expect(rows.map((row) => [row.line, row.original.length])).toEqual([[4, 0], [3, 0]]);
    expect(summary).toEqual({ rows: 3, rules: [{ rule: 'type:quantity', rows: 2 }, { rule: 'unit_price_not_negative', rows: 1 }] });
    const { rows: narrow } = await listRows(bench.dependencies, { pipeline: 'retail', runId: '', limit: 0, filter: filtering({ rule: 'unit_price_not_negative' }) });
    const [row] = narrow;
    const cut = await getRow(bench.dependencies, { id: row?.id ?? 0, limit: 0 }, signal);
    expect(cut.original).toEqual(Buffer.from(large).subarray(0, 4096));
    expect(cut.rules).toEqual([{ rule: 'unit_price_not_negative', text: 'the price is not negative' }]);
    expect((await getRow(bench.dependencies, { id: row?.id ?? 0, limit: 1_000_000 }, signal)).original).toEqual(Buffer.from(large));
    await expect(getRow(bench.dependencies, { id: 999, limit: 0 }, signal)).rejects.toMatchObject({ code: 'ROW_NOT_FOUND' });
    await expect(listRows(bench.dependencies, { pipeline: 'retail', runId: '', limit: 1, status: 'lost' })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });
});
