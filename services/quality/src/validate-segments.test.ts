import type { SegmentSet } from '@weir/rpc';
import { column, clicks, rowsIn, sendBatch, type TestRecord } from './testing/records';
import { stageLog } from './testing/segments';
import { Workbench } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());
beforeEach(async () => {
  bench.definition = clicks(keyed);
  await bench.database.pool.query('truncate quality.quarantined_row');
});

const keyed = {
  columns: [column('id', 'VARCHAR', { keyPosition: 1 }), column('n', 'BIGINT'), column('seq', 'BIGINT')],
  rules: [{ id: 'small', severity: 'critical', type: 'accuracy', predicate: 'n < 100', description: 'n is below 100' }, { id: 'even', severity: 'warning', type: 'accuracy', predicate: 'n % 2 = 0', description: 'n is even' }],
  order: { by: 'sequence', column: 'seq' },
} as const;
const json = (value: object): string => JSON.stringify(value);

async function archived(set: SegmentSet | undefined): Promise<Record<string, unknown>[]> {
  const rows = await bench.rowsOf(set, 'id, n::VARCHAR as n, seq::VARCHAR as seq, _weir_partition, _weir_row_id, _weir_position, _weir_deleted::VARCHAR as _weir_deleted');
  return rows.sort((a, b) => String(a['_weir_partition']).localeCompare(String(b['_weir_partition'])));
}

async function quarantine(): Promise<Record<string, unknown>[]> {
  const { rows } = await bench.database.pool.query('select file, line::int, record_timestamp::int, rules, reason, byte_length::int, original, original_path, key, headers, traceparent, dataset, partition, contract_version, stage from quality.quarantined_row order by file, line');
  return rows as Record<string, unknown>[];
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const records: TestRecord[] = [
  { value: json({ id: 'a', n: 2, seq: 1 }), partition: 3, offset: 7, grain: 'g1', key: 'a' },
  { value: json({ id: 'a', n: 4, seq: 3 }), partition: 3, offset: 9, grain: 'g1' },
  { value: json({ id: 'a', n: 5, seq: 2 }), partition: 12, offset: 0, grain: 'g1' },
  { value: json({ id: 'b', n: 200, seq: 1 }), partition: 12, offset: 2, grain: 'g1', key: Buffer.from([0, 0xff]), headers: [['traceparent', traceparent], ['x', 'é'], ['x', Buffer.from([0xff])]] },
  { value: null, key: 'c', partition: 12, offset: 5, grain: 'g2' },
  { value: null, partition: 12, offset: 6, grain: 'g2' },
  { value: 'y'.repeat(100_000), partition: 12, offset: 7, grain: 'g2', timestamp: -1 },
  { value: '', partition: 12, offset: 8, grain: 'g2', poison: { reason: 'compressed_corrupt', original: Buffer.from([1, 2]) } },
  { value: '', partition: 12, offset: 9, grain: 'g2', poison: { reason: 'compressed_corrupt' } },
];

describe('segments of a log', () => {
  it('become bronze: winners by key in each grain, positions of the log, rows that delete their key among them', async () => {
    const { result, error } = await bench.validateRaw('run', await stageLog(bench, records));
    expect(error).toBeUndefined();
    expect(result?.accounts).toEqual({ read: 9, admitted: 2, duplicate: 2, quarantined: 5, filtered: 0 });
    expect(await archived(result?.bronze)).toEqual([
      { id: 'a', n: '4', seq: '3', _weir_partition: 'g1', _weir_row_id: expect.any(String) as string, _weir_position: 'clicks:3:9', _weir_deleted: 'false' },
      { id: 'c', n: null, seq: null, _weir_partition: 'g2', _weir_row_id: expect.any(String) as string, _weir_position: 'clicks:12:5', _weir_deleted: 'true' },
    ]);
    expect(result?.rules.map(({ rule, rows, samples }) => [rule, rows, samples[0]])).toEqual([
      ['compressed_corrupt', 2, 'clicks:12:8: The record batch cannot be inflated.'],
      ['required:id', 1, 'clicks:12:6: id is empty.'],
      ['small', 1, 'clicks:12:2: This does not hold: n is below 100.'],
      ['undecodable', 1, 'clicks:12:7: The value cannot be read: it is not of the form that the source says.'],
      ['even', 1, 'clicks:12:0: This does not hold: n is even.'],
    ]);
  });

  it('and micro-batches of the same records give the same rows, and the same rows of quarantine', async () => {
    const { result } = await bench.validateRaw('run', await stageLog(bench, records));
    const set = await quarantine();
    await bench.database.pool.query('truncate quality.quarantined_row');
    const g1 = rowsIn(await sendBatch(bench, records.slice(0, 4)));
    const g2 = rowsIn(await sendBatch(bench, records.slice(4)));
    expect([...g1, ...g2]).toEqual(await archived(result?.bronze));
    expect(await quarantine()).toEqual(set);
    expect(set.map(({ line }) => line)).toEqual([2, 6, 7, 8, 9]);
  });

  it('add nothing to what the stream has set aside, and leave it to the stream; a pipeline of runs claims it for its newest one', async () => {
    const owners = async () => (await bench.database.pool.query<{ run_id: string }>('select run_id from quality.quarantined_row')).rows.map((row) => row.run_id);
    await sendBatch(bench, records, 'stream');
    const raw = await stageLog(bench, records);
    await bench.validateRaw('archive', raw);
    expect(await owners()).toEqual(Array(5).fill('stream'));
    bench.definition = { ...bench.definition, mode: 'micro_batch' };
    await bench.validateRaw('again', raw);
    expect(await owners()).toEqual(Array(5).fill('again'));
  });

  it('are read by partition and offset, however many there are, so that the last one of a key wins without a sequence', async () => {
    bench.definition = clicks({ ...keyed, order: { by: 'arrival' } });
    const many = Array.from({ length: 3_000 }, (_, n) => ({ value: json({ id: `${n % 50}`, n: n % 100 }), partition: n % 11, grain: 'g' }));
    const { result } = await bench.validateRaw('run', await stageLog(bench, many, 20));
    const rows = await bench.rowsOf(result?.bronze, 'id, _weir_position');
    const expected = new Map<string, readonly [number, number]>();
    const next = new Map<number, number>();
    for (const { value, partition } of many) {
      const offset = next.get(partition) ?? 0;
      next.set(partition, offset + 1);
      const { id } = JSON.parse(value) as { id: string };
      const [p, o] = expected.get(id) ?? [-1, -1];
      if (partition > p || (partition === p && offset > o)) expected.set(id, [partition, offset]);
    }
    expect(new Map(rows.map((row) => [row['id'], row['_weir_position']]))).toEqual(new Map([...expected].map(([id, [p, o]]) => [id, `clicks:${p}:${o}`])));
  });

  it('that are not what the manifest says are corrupt', async () => {
    const raw = await stageLog(bench, records);
    const manifest = await bench.lake.readManifest(raw);
    const forge = async (attempt: string, change: object) => {
      const datasets = manifest.datasets.map((dataset) => ({ ...dataset, segments: dataset.segments.map((segment) => ({ ...segment, ...change })) }));
      return (await bench.validateRaw('run', await bench.lake.writeManifest({ ...manifest, attempt, datasets }))).error?.code;
    };
    expect(await forge('hash', { sha256: 'a'.repeat(64) })).toBe('SEGMENT_CORRUPT');
    expect(await forge('source', { source: 'clicks' })).toBe('SEGMENT_CORRUPT');
    expect(await forge('rows', { rows: 1_000 })).toBe('DECODE_MISMATCH');
  });

  it('that are none give empty partitions', async () => {
    const raw = await bench.lake.writeManifest({ version: 1, pipeline: 'clicks', runId: 'none', stage: 'extract', attempt: 'first', datasets: [{ dataset: 'raw.clicks', partitions: [{ partition: 'g', rows: 0 }], segments: [] }] });
    const { result, error } = await bench.validateRaw('none', raw);
    expect({ error, accounts: result?.accounts }).toEqual({ error: undefined, accounts: { read: 0, admitted: 0, duplicate: 0, quarantined: 0, filtered: 0 } });
  });

  it('that hold more bad records than the breaker lets pass end the run with examples', async () => {
    bench.definition = { ...bench.definition, policy: { ...bench.definition.policy, failAbove: { share: 0.1, minRows: 100 } } };
    const { error } = await bench.validateRaw('run', await stageLog(bench, Array.from({ length: 3_000 }, () => ({ value: 'x' }))));
    expect(error?.code).toBe('QUARANTINE_LIMIT');
    expect((await quarantine()).length).toBe(1_000);
  });
});
