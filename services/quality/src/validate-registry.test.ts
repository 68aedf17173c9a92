import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { SchemaRegistry } from '@weir/connectors';
import { decoders } from './decoders';
import { clicks, column, recordBatch, rowsIn, sendBatch, type TestRecord } from './testing/records';
import { stageLog } from './testing/segments';
import { Workbench } from './testing/workbench';
import { validateBatch } from './validate-batch';

const url = process.env['WEIR_TEST_REGISTRY'] ?? '';
let bench: Workbench;
let registry: SchemaRegistry;
beforeAll(async () => {
  bench = await Workbench.open({ url });
  registry = new SchemaRegistry({ url });
});
afterAll(() => bench.close());
beforeEach(() => bench.database.pool.query('truncate quality.quarantined_row'));

const dataset = { columns: [column('id', 'VARCHAR', { keyPosition: 1 }), column('n', 'BIGINT')], rules: [{ id: 'small', severity: 'critical', type: 'accuracy', predicate: 'n < 100', description: 'n is below 100' }] } as const;
const CLICK = JSON.stringify({ type: 'record', name: 'Click', fields: [{ name: 'id', type: 'string' }, { name: 'n', type: 'long' }] });

function framed(id: number, payload: Buffer | string): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(id, 1);
  return Buffer.concat([header, Buffer.from(payload)]);
}

/** Avro's binary encoding, by its specification, for numbers from 0 to 8,191. */
const long = (n: number): Buffer => (n < 64 ? Buffer.of(2 * n) : Buffer.of(((2 * n) & 0x7f) | 0x80, (2 * n) >> 7));
const text = (value: string): Buffer => Buffer.concat([long(Buffer.byteLength(value)), Buffer.from(value)]);
const click = (id: string, n: number): Buffer => Buffer.concat([text(id), long(n)]);

const quarantine = async (): Promise<unknown[]> => (await bench.database.pool.query("select line::int, rules, original, key from quality.quarantined_row order by line")).rows as unknown[];
const shown = (rows: Record<string, unknown>[]): unknown[] => rows.map((row) => [row['id'], row['n'], row['_weir_position'], row['_weir_deleted']]);

describe('records in Avro', () => {
  async function records(): Promise<TestRecord[]> {
    const schema = await registry.register(randomUUID(), 'AVRO', CLICK);
    const keySchema = await registry.register(randomUUID(), 'AVRO', '"string"');
    return [
      { value: framed(schema, click('a', 5)), key: 'plain' },
      { value: framed(schema, click('b', 200)) },
      { value: Buffer.from('{"id":"c"}') },
      { value: Buffer.of(0, 0) },
      { value: framed(2_000_000_000, click('d', 1)) },
      { value: framed(schema, Buffer.of(0xff, 0xff)) },
      { value: null, key: framed(keySchema, text('gone')) },
      { value: null, key: 'plain' },
      { value: framed(schema, click('é\u0000', 1)) },
      { value: '', poison: { reason: 'too_large', original: Buffer.from('large') } },
      { value: framed(schema, click('z\u001e\u001f', 7)) },
    ];
  }
  const rules = [[1, 'small'], [2, 'wrong_magic'], [3, 'too_short'], [4, 'unknown_schema'], [5, 'undecodable'], [8, 'nul_character'], [9, 'too_large']];

  it('become rows in a micro-batch and in a run over the archive alike, and what cannot be read is kept as it came', async () => {
    bench.definition = clicks(dataset, { format: 'avro' });
    const given = await records();
    const response = await sendBatch(bench, given);
    const rows = [['a', '5', 'clicks:0:0', 'false'], ['gone', null, 'clicks:0:6', 'true'], ['plain', null, 'clicks:0:7', 'true'], ['z\u001e\u001f', '7', 'clicks:0:10', 'false']];
    expect(shown(rowsIn(response))).toEqual(rows);
    expect(response.accounts).toEqual({ read: 11, admitted: 4, duplicate: 0, quarantined: 7, filtered: 0 });
    const streamed = await quarantine();
    expect(streamed).toMatchObject(rules.map(([line, rule]) => ({ line, rules: [rule], original: line === 9 ? Buffer.from('large') : given[Number(line)]?.value })));
    await bench.database.pool.query('truncate quality.quarantined_row');
    const { result, error } = await bench.validateRaw('run', await stageLog(bench, given, 4));
    expect(error).toBeUndefined();
    const archived = await bench.rowsOf(result?.bronze, 'id, n::VARCHAR as n, _weir_position, _weir_deleted::VARCHAR as _weir_deleted');
    expect(new Set(shown(archived))).toEqual(new Set(rows));
    expect(archived.length).toBe(rows.length);
    expect(await quarantine()).toEqual(streamed);
  });

  it('are all taken, however many there are', async () => {
    bench.definition = clicks(dataset, { format: 'avro' });
    const schema = await registry.register(randomUUID(), 'AVRO', CLICK);
    const many = Array.from({ length: 6_000 }, (_, n) => ({ value: framed(schema, click(`id ${n}`, n % 100)) }));
    const { result } = await bench.validateRaw('many', await stageLog(bench, many, 5_000));
    expect(result?.accounts).toMatchObject({ read: 6_000, admitted: 6_000 });
    const [sums] = await bench.rowsOf(result?.bronze, "count(distinct id) as ids, sum(n)::BIGINT as n, count(*) filter (where id = 'id ' || split_part(_weir_position, ':', 3)) as placed");
    expect(sums).toEqual({ ids: 6_000, n: 297_000, placed: 6_000 });
    expect((await sendBatch(bench, many)).accounts).toMatchObject({ admitted: 6_000 });
  });
});

it('records in JSON with a schema of the registry are judged by the contract', async () => {
  bench.definition = clicks(dataset, { format: 'json_schema' });
  const schema = await registry.register(randomUUID(), 'JSON', JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' }));
  const records = ['{"id":"a","n":1}', '{"id":"b","n":"x"}', '{"id":"c\u001e"}', '{"id":'].map((value) => ({ value: framed(schema, value) }));
  const response = await sendBatch(bench, records);
  expect(shown(rowsIn(response))).toEqual([['a', '1', 'clicks:0:0', 'false']]);
  expect(response.rules.map(({ rule, rows }) => [rule, rows])).toEqual([['undecodable', 2], ['type:n', 1]]);
});

describe('a registry that is away', () => {
  const context = { pipeline: 'clicks', definitionVersion: 1, commitId: randomUUID(), workflowId: 'w', runId: 'r' };
  const records = recordBatch([{ value: framed(77, click('a', 1)) }, { value: 'no frame' }]);

  it('makes a micro-batch and a run UNAVAILABLE, and nothing goes to quarantine', async () => {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    await once(server.close(), 'close');
    const away = { ...bench.dependencies, decoder: decoders({ url: `http://127.0.0.1:${port}` }) };
    bench.definition = clicks(dataset, { format: 'avro' });
    await expect(validateBatch(away, { context, records }, new AbortController().signal)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await quarantine()).toEqual([]);
  });

  it('was never named: the error says which setting is missing', async () => {
    bench.definition = clicks(dataset, { format: 'avro' });
    const none = { ...bench.dependencies, decoder: decoders(undefined) };
    await expect(validateBatch(none, { context, records }, new AbortController().signal)).rejects.toMatchObject({ code: 'MISSING_KEY', place: 'WEIR_REGISTRY_URL' });
  });
});
