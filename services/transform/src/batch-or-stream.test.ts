import { createHash } from 'node:crypto';
import type { Definition } from '@weir/core';
import fc from 'fast-check';
import { BatchRunner, bronzeBatch, defineStream, stageEvents, type BronzeRow, type StreamModel } from './testing/click-stream';
import { readCsv } from './testing/read-csv';
import { historyRequest, intervalRequest, Workshop } from './testing/workshop';
import { transformRun } from './transform-run';

/** What came in, before anything is left out of it. */
interface Event {
  readonly id: string;
  /** Null in a tombstone, as all that follows. */
  readonly seq: number | null;
  readonly op: 'put' | 'delete' | null;
  readonly kind: 'number' | 'word' | null;
  readonly value: string | null;
  readonly hour: number;
  readonly partition: number;
}

interface Placed extends Event {
  readonly offset: number;
  readonly rowId: string;
}

const HOURS = ['2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z', '2026-01-01T02:00:00Z'];
const HOUR_MS = 3_600_000;

const placed = { hour: fc.nat(2), partition: fc.nat(2) };
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ id: fc.constantFrom('a', 'B', 'b'), seq: fc.integer({ min: 0, max: 2 }), op: fc.constantFrom('put', 'put', 'put', 'delete'), kind: fc.constant('number'), value: fc.integer({ min: 0, max: 9 }).map(String), ...placed }) },
  { weight: 3, arbitrary: fc.record({ id: fc.constantFrom('a', 'B', 'b'), seq: fc.integer({ min: 0, max: 2 }), op: fc.constantFrom('put', 'delete'), kind: fc.constantFrom('word', null), value: fc.constantFrom('many', null, '5'), ...placed }) },
  { weight: 1, arbitrary: fc.record({ id: fc.constantFrom('a', 'B', 'b'), seq: fc.constant(null), op: fc.constant(null), kind: fc.constant(null), value: fc.constant(null), ...placed }) },
) as fc.Arbitrary<Event>;
const log = fc.array(event, { maxLength: 25, size: 'max' }).map((events): Placed[] => events.map((each, offset) => ({ ...each, offset, rowId: createHash('md5').update(JSON.stringify([each.id, each.seq, each.op, each.kind, each.value])).digest('hex') })));

const PROPERTIES = ['{ name: id, logicalType: string, primaryKey: true }', '{ name: seq, logicalType: integer, required: true }', '{ name: op, logicalType: string }', '{ name: kind, logicalType: string }', '{ name: value, logicalType: string }'];
const MODELS: readonly StreamModel[] = [
  { name: 'silver.numbers', key: ['id'], sql: "select id, seq, value::bigint as n, 60 // value::bigint as share from bronze.events where kind = 'number' and value::bigint > 1" },
  { name: 'silver.loud', key: ['name'], sql: "select upper(id) as name, * exclude (id) replace (value::bigint as value) from bronze.events where kind = 'number'" },
  { name: 'gold.few', key: ['id'], sql: 'select id, seq, n * 10 as n from silver.numbers where n < 7' },
];

/** The same models once more, in plain TypeScript: what an event becomes, with its key, if it is alive. */
const alive = ({ op, kind }: Event): boolean => op === 'put' && kind === 'number';
const IN_PLAIN: Readonly<Record<string, (event: Event) => { readonly key: string; readonly row: Record<string, string | null> | undefined }>> = {
  'silver.numbers': (each) => ({ key: each.id, row: alive(each) && Number(each.value) > 1 ? { id: each.id, seq: String(each.seq), n: each.value, share: String(Math.floor(60 / Number(each.value))) } : undefined }),
  'silver.loud': (each) => ({ key: each.id.toUpperCase(), row: alive(each) ? { name: each.id.toUpperCase(), seq: String(each.seq), op: 'put', kind: 'number', value: each.value } : undefined }),
  'gold.few': (each) => ({ key: each.id, row: alive(each) && Number(each.value) > 1 && Number(each.value) < 7 ? { id: each.id, seq: String(each.seq), n: `${each.value}0` } : undefined }),
};

type Order = 'sequence' | 'arrival';

/** What decides between two versions of a key: greater is newer. */
interface Version {
  readonly seq: number | null;
  readonly rowId: string;
  readonly place: readonly [partition: number, offset: number];
}

function isNewer(order: Order, one: Version, other: Version): boolean {
  if (order === 'arrival') return one.place[0] === other.place[0] ? one.place[1] > other.place[1] : one.place[0] > other.place[0];
  if (one.seq !== other.seq) return other.seq === null || (one.seq !== null && one.seq > other.seq);
  return one.rowId > other.rowId;
}

const versionOf = ({ seq, rowId, partition, offset }: Placed): Version => ({ seq, rowId, place: [partition, offset] });

type Rows = readonly Readonly<Record<string, string | null>>[];
const sorted = (rows: Rows): string[] => rows.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();

/** The oracle: of each key the newest event, if it is alive. */
function expected(order: Order, model: string, events: readonly Placed[]): Rows {
  const winners = new Map<string, Placed>();
  const plain = IN_PLAIN[model];
  if (!plain) throw new Error(model);
  for (const each of events) {
    const before = winners.get(plain(each).key);
    if (!before || isNewer(order, versionOf(each), versionOf(before))) winners.set(plain(each).key, each);
  }
  return [...winners.values()].map((each) => plain(each).row).filter((row) => row !== undefined);
}

/** Bronze has of the events of one key in one batch the newest, as validation leaves it. */
function admitted(order: Order, events: readonly Placed[]): Placed[] {
  const winners = new Map<string, Placed>();
  for (const each of events) {
    const before = winners.get(each.id);
    if (!before || isNewer(order, versionOf(each), versionOf(before))) winners.set(each.id, each);
  }
  return [...winners.values()];
}

const deletes = ({ op }: Event): boolean => op !== 'put';
const bronzeRow = (each: Placed): BronzeRow => ({
  id: each.id, seq: each.seq, op: each.op, kind: each.kind, value: each.value,
  _weir_partition: HOURS[each.hour] ?? '', _weir_row_id: each.rowId, _weir_position: `clicks:${each.partition}:${each.offset}`, _weir_deleted: deletes(each),
});

/** A destination in plain TypeScript: of each key the newest version, dead or alive. */
class Tables {
  private readonly tables = new Map<string, Map<string, { version: Version; row: Record<string, string | null> | undefined }>>();

  constructor(
    private readonly definition: Definition,
    private readonly order: Order,
  ) {}

  merge(dataset: string, rows: readonly Record<string, string | null>[]): void {
    const model = this.definition.models.find(({ zone, name }) => `${zone}.${name}` === dataset);
    const table = this.tables.get(dataset) ?? new Map();
    this.tables.set(dataset, table);
    for (const { _weir_row_id, _weir_position, _weir_deleted, ...row } of rows) {
      const [, partition, offset] = (_weir_position ?? '').split(':');
      const version: Version = { seq: row['seq'] === null ? null : Number(row['seq']), rowId: _weir_row_id ?? '', place: [Number(partition), Number(offset)] };
      const key = JSON.stringify(model?.key.map((name) => row[name]));
      const before = table.get(key);
      if (!before || isNewer(this.order, version, before.version)) table.set(key, { version, row: _weir_deleted === 'true' ? undefined : row });
    }
  }

  living(dataset: string): Rows {
    return [...(this.tables.get(dataset)?.values() ?? [])].flatMap(({ row }) => (row ? [row] : []));
  }
}

describe.each(['sequence', 'arrival'] as const)('rows by key, the newest by %s', (order) => {
  const text = { properties: PROPERTIES, order: order === 'sequence' ? 'seq' : 'arrival', models: MODELS };

  it('micro-batches give the same tables however the log is cut and in whatever order they come', async () => {
    const definition = await defineStream(text);
    const runner = new BatchRunner(definition);
    const cuts = fc.array(fc.nat(6), { minLength: 25, maxLength: 25 });
    const property = fc.asyncProperty(log, cuts, async (events, batchOf) => {
      const tables = new Tables(definition, order);
      for (const batch of [3, 1, 4, 0, 6, 5, 2]) {
        const rows = admitted(order, events.filter(({ offset }) => batchOf[offset] === batch));
        if (rows.length === 0) continue;
        for (const table of await runner.tables(bronzeBatch(rows.map(bronzeRow)))) tables.merge(table.dataset, readCsv(table));
      }
      for (const model of Object.keys(IN_PLAIN)) expect(sorted(tables.living(model))).toEqual(sorted(expected(order, model, events)));
    });
    await fc.assert(property, { numRuns: 60 });
    runner.close();
  });

  it('runs of hours in any order give the same rows to history models', async () => {
    const definition = await defineStream({ ...text, models: [...MODELS, ...MODELS.map(({ name }) => ({ name: `gold.all_${name.split('.')[1]}`, over: 'history' as const, sql: `select * from ${name}` }))] });
    const property = fc.asyncProperty(log, fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), async (events, hours) => {
      const shop = await Workshop.open();
      try {
        const dependencies = shop.dependencies(definition);
        for (const hour of hours) {
          const start = HOURS[hour] ?? '';
          const bronze = await stageEvents(shop, definition, `run-${hour}`, admitted(order, events.filter((each) => each.hour === hour)).map(bronzeRow));
          const end = new Date(Date.parse(start) + HOUR_MS).toISOString().replace('.000Z', 'Z');
          await shop.publish((await transformRun(dependencies, intervalRequest(`run-${hour}`, bronze, { start, end }), new AbortController().signal, () => undefined)).staged);
        }
        const { staged } = await transformRun(dependencies, historyRequest('refresh'), new AbortController().signal, () => undefined);
        for (const model of Object.keys(IN_PLAIN)) {
          const name = model.split('.')[1] ?? '';
          const columns = definition.models.find((each) => each.name === name)?.columns ?? [];
          const rows = await shop.rows<Record<string, unknown>>(staged, `gold.all_${name}`, columns, '1');
          expect(sorted(rows.map((row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [column, String(value)]))))).toEqual(sorted(expected(order, model, events)));
        }
      } finally {
        await shop.close();
      }
    });
    await fc.assert(property, { numRuns: 12 });
  });
});
