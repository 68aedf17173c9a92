import { InlineEncoding, type InlineBatch } from '@weir/rpc';
import { BatchRunner, bronzeBatch, defineStream, type BronzeRow, type StreamModel, type StreamText } from './testing/click-stream';

const open: BatchRunner[] = [];
afterEach(() => open.splice(0).forEach((runner) => runner.close()));

async function runner(text: StreamText): Promise<BatchRunner> {
  const made = new BatchRunner(await defineStream(text));
  open.push(made);
  return made;
}

const PROPERTIES = ['{ name: id, logicalType: string, primaryKey: true }', '{ name: seq, logicalType: integer, required: true }', '{ name: page, logicalType: string }', '{ name: ms, logicalType: string }'];
const keyed = (...models: StreamModel[]): StreamText => ({ properties: PROPERTIES, order: 'seq', models });
const unkeyed = (...models: StreamModel[]): StreamText => ({ properties: PROPERTIES.map((property) => property.replace(', primaryKey: true', '')), models });

const HOUR = '2026-01-01T00:00:00Z';
const rowId = (n: number): string => n.toString(16).padStart(32, '0');
const row = (n: number, values: BronzeRow): BronzeRow => ({ id: null, seq: null, page: null, ms: null, ...values, _weir_partition: HOUR, _weir_row_id: rowId(n), _weir_position: `clicks:0:${n}`, _weir_deleted: false, ...(values['_weir_deleted'] === undefined ? {} : { _weir_deleted: values['_weir_deleted'] }) });

const lines = (batch: InlineBatch | undefined): string[] => Buffer.from(batch?.data ?? []).toString().split('\n');

describe('TransformBatch', () => {
  it('gives one CSV for each row model, each over the result of the models that it reads, and runs no other model', async () => {
    const stream = await runner(
      keyed(
        { name: 'gold.loud', key: ['id'], sql: "select id, seq, upper(page) || '!' as page, _weir_row_id as line from silver.pages" },
        { name: 'silver.pages', key: ['id'], sql: "select id, seq, page, ms::bigint * 2 as twice from bronze.events" },
        { name: 'gold.per_page', sql: 'select page, count(*) as n from silver.pages group by page' },
      ),
    );
    const tables = await stream.tables(bronzeBatch([row(1, { id: 'a', seq: 1, page: '/x', ms: '21' }), row(2, { id: 'b', seq: 2 })]));
    expect(tables.map(({ dataset, rows, columns }) => [dataset, rows, columns])).toEqual([
      ['silver.pages', 2, ['id', 'seq', 'page', 'twice', '_weir_row_id', '_weir_position', '_weir_deleted']],
      ['gold.loud', 2, ['id', 'seq', 'page', 'line', '_weir_row_id', '_weir_position', '_weir_deleted']],
    ]);
    expect(lines(tables[0])).toEqual([`"a",1,"/x",42,"${rowId(1)}","clicks:0:1",false`, `"b",2,,,"${rowId(2)}","clicks:0:2",false`]);
    expect(lines(tables[1])).toEqual([`"a",1,"/X!","${rowId(1)}","${rowId(1)}","clicks:0:1",false`, `"b",2,,"${rowId(2)}","${rowId(2)}","clicks:0:2",false`]);
  });

  it('names the partition of rows that are appended, leaves out those that WHERE refuses, and tables without rows', async () => {
    const stream = await runner(unkeyed({ name: 'silver.pages', sql: 'select page from bronze.events where page is not null' }, { name: 'silver.slow', sql: 'select id from bronze.events where ms::bigint > 100' }));
    const tables = await stream.tables(bronzeBatch([row(1, { page: '/x', ms: '5' }), row(2, { ms: '6' })]));
    expect(tables.map(({ dataset, columns, rows }) => [dataset, columns, rows])).toEqual([['silver.pages', ['page', '_weir_partition', '_weir_row_id', '_weir_position'], 1]]);
    expect(lines(tables[0])).toEqual([`"/x","${HOUR}","${rowId(1)}","clicks:0:1"`]);
  });

  it('says of a row that WHERE refuses, or that deletes, which key it deletes', async () => {
    const stream = await runner(keyed({ name: 'silver.pages', key: ['id'], sql: "select id, seq, ms::bigint as ms from bronze.events where page = '/x'" }, { name: 'gold.quick', key: ['id'], sql: 'select id, seq, ms from silver.pages where ms < 100' }));
    const rows = [row(1, { id: 'a', seq: 1, page: '/x', ms: '5' }), row(2, { id: 'b', seq: 2, page: '/y', ms: 'unknown' }), row(3, { id: 'c', _weir_deleted: true }), row(4, { id: 'd', seq: 4, page: '/x', ms: '100' })];
    const [pages, quick] = await stream.tables(bronzeBatch(rows));
    expect(lines(pages)).toEqual([`"a",1,5,"${rowId(1)}","clicks:0:1",false`, `"b",2,,"${rowId(2)}","clicks:0:2",true`, `"c",,,"${rowId(3)}","clicks:0:3",true`, `"d",4,100,"${rowId(4)}","clicks:0:4",false`]);
    expect(lines(quick)).toEqual([`"a",1,5,"${rowId(1)}","clicks:0:1",false`, `"b",2,,"${rowId(2)}","clicks:0:2",true`, `"c",,,"${rowId(3)}","clicks:0:3",true`, `"d",4,100,"${rowId(4)}","clicks:0:4",true`]);
  });
});

describe('TransformBatch when something is wrong', () => {
  const models: StreamModel[] = [
    { name: 'silver.pages', key: ['id'], sql: 'select id, seq, page, ms from bronze.events' },
    { name: 'gold.timed', key: ['id'], sql: "select id, seq, ms::bigint as ms from silver.pages where page <> '/free'" },
    { name: 'gold.later', key: ['id'], sql: 'select id, seq, ms + 1 as ms from gold.timed' },
  ];

  it('names the model whose SQL does not fit the data, and the first row that it does not fit, and works on', async () => {
    const stream = await runner(keyed(...models));
    const good = row(1, { id: 'a', seq: 1, page: '/free', ms: 'long' });
    const rows = Array.from({ length: 1_000 }, (_, n) => row(n, { id: `${n}`, seq: n, page: '/x', ms: n === 617 || n === 900 ? 'long' : '5' }));
    await expect(stream.tables(bronzeBatch([good, ...rows]))).rejects.toMatchObject({
      code: 'MODEL_FAILED',
      samples: ['clicks:0:617: gold.timed'],
      place: 'models/gold/timed.sql:1:19',
      stage: 'transform',
      message: expect.stringMatching(/^gold\.timed: Could not convert string 'long' to INT64/) as string,
    });
    expect((await stream.tables(bronzeBatch([good]))).map(({ rows }) => rows)).toEqual([1, 1, 1]);
  });

  it('refuses a batch that is too large, or whose rows become so', async () => {
    const stream = await runner(keyed({ name: 'silver.long', key: ['id'], sql: "select id, seq, concat(page, page, page, page) as page from bronze.events" }));
    const page = 'x'.repeat(1024);
    const rows = Array.from({ length: 1_000 }, (_, n) => row(n, { id: String(n), seq: n, page }));
    const message = expect.stringMatching(/^The models make \d+ bytes of the batch; the most is 3670016\.$/) as string;
    await expect(stream.tables(bronzeBatch(rows))).rejects.toMatchObject({ code: 'BATCH_TOO_LARGE', message });
    expect((await stream.tables(bronzeBatch(rows.slice(0, 500)))).map((table) => table.rows)).toEqual([500]);
    const long = { ...bronzeBatch(rows.slice(0, 1)), data: Buffer.alloc(3 * 1024 * 1024 + 1, 0x20) };
    await expect(stream.tables(long)).rejects.toMatchObject({ code: 'BATCH_TOO_LARGE' });
  });

  it('refuses what is no batch of the pipeline', async () => {
    const stream = await runner(keyed(...models));
    const batch = bronzeBatch([row(1, { id: 'a', seq: 1 })]);
    for (const wrong of [{ ...batch, dataset: 'bronze.others' }, { ...batch, encoding: InlineEncoding.CSV }, { ...batch, data: Buffer.from('{"id":') }, { ...batch, data: Buffer.from([0xff, 0xfe]) }]) {
      await expect(stream.tables(wrong)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    }
    expect(await stream.tables({ ...batch, rows: 0, data: new Uint8Array() })).toEqual([]);
  });

  it('ends soon after it is cancelled, also while it waits for the engine', async () => {
    const stream = await runner(keyed({ name: 'silver.slow', key: ['id'], sql: 'select id, seq, list_sum(list_transform(range(200), lambda a: list_sum(list_transform(range(100), lambda b: (a * b + seq) % 7))))::bigint as n from bronze.events' }));
    const controller = new AbortController();
    const batch = bronzeBatch(Array.from({ length: 15_000 }, (_, n) => row(n, { id: String(n), seq: n })));
    const running = [stream.tables(batch, controller.signal), stream.tables(batch, controller.signal)];
    setTimeout(() => controller.abort(), 100);
    const started = performance.now();
    const ended = await Promise.allSettled(running);
    expect(ended).toEqual([1, 2].map(() => ({ status: 'rejected', reason: expect.objectContaining({ code: 'CANCELLED' }) as unknown })));
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
