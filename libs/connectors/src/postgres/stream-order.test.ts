import { randomUUID } from 'node:crypto';
import { testDatabase, until, type TestDatabase } from '@weir/testkit';
import type { PostgresDestination } from './destination';
import type { StreamTable } from './stream-table';
import { openDestination } from './testing/orders';
import { batchOf, byArrival, bySequence, click, contents, csv, KEYED, NEVER, SOURCE } from './testing/stream';
import { expectedRows, olderByArrival, olderByNumber, olderByText, randomFrom, rowOf, type Age, type Event } from './testing/stream-oracle';

let database: TestDatabase;
let destination: PostgresDestination;
beforeAll(async () => {
  database = await testDatabase();
  destination = openDestination(database.config);
});
afterAll(async () => {
  await destination?.close();
  await database?.drop();
});

const PARTITIONS = 3;
/** Not the position: of a record that is there twice either may have come last. */
const COLUMNS = 'id, note, seq';

interface World {
  readonly name: string;
  readonly table: (name: string) => StreamTable;
  readonly age: Age;
  readonly sequence: (random: (below: number) => number) => string | null;
}

const textual = (name: string): StreamTable => bySequence({ ...KEYED, name, columns: KEYED.columns.map((column) => (column.name === 'seq' ? { name: 'seq', type: 'VARCHAR' } : column)) });
const WORLDS: World[] = [
  { name: 'numbers', table: (name) => bySequence({ ...KEYED, name }), age: olderByNumber, sequence: (random) => (random(10) === 0 ? null : String(random(8) - 3)) },
  { name: 'texts', table: textual, age: olderByText, sequence: (random) => ['', 'a', 'B', 'Z', 'ä', 'zz', '10', '9', '\u{1f600}', '\uffee', null][random(11)] ?? null },
  { name: 'arrival', table: (name) => byArrival({ ...KEYED, name }), age: olderByArrival, sequence: () => '1' },
];

/** Records of all partitions, with keys and sequences that meet often, deletes, and records that are there twice. */
function randomLog(world: World, random: (below: number) => number): Event[][] {
  return Array.from({ length: PARTITIONS }, (_, partition) => {
    const log: Event[] = [];
    for (let offset = 0; offset < 10 + random(30); offset += 1) {
      const again = log[random(8)];
      const fresh = { id: ['', 'k', 'K', 'é', 'l', 'm'][random(6)] ?? '', note: `${partition}:${offset}`, seq: world.sequence(random), deleted: random(4) === 0, rowId: uuid(random) };
      log.push({ ...(again && random(6) === 0 ? again : fresh), partition, offset });
    }
    return log;
  });
}

function uuid(random: (below: number) => number): string {
  return `0000000${random(4)}-0000-4000-8000-${Array.from({ length: 12 }, () => random(16).toString(16)).join('')}`;
}

/** Sends the logs in random cuts, the partitions in random order and together; each range once. */
async function stream(logs: readonly Event[][], table: StreamTable, pipeline: string, random: (below: number) => number): Promise<void> {
  await destination.openPositions({ ...SOURCE, pipeline }, logs.map((_, partition) => ({ partition, next: 0, greatestTimestamp: 0 })), NEVER);
  const next = logs.map(() => 0);
  while (next.some((at, partition) => at < (logs[partition]?.length ?? 0))) {
    const ranges = logs.flatMap((log, partition) => {
      const from = next[partition] ?? 0;
      const to = Math.min(log.length, from + random(7));
      return to > from && random(2) === 0 ? [{ partition, from, to, greatestTimestamp: 0 }] : [];
    });
    if (ranges.length === 0) continue;
    const rows = ranges.flatMap(({ partition, from, to }) => (logs[partition] ?? []).slice(from, to)).map(rowOf);
    // As a validated batch may come, in any order.
    if (random(2) === 0) rows.reverse();
    const columns = Object.keys(rows[0] ?? {});
    const tables = [{ table, columns, rows: rows.length, data: csv(rows, columns) }];
    await destination.commitBatch({ ...SOURCE, pipeline, definitionVersion: 1, commitId: randomUUID(), runId: 'r', traceId: '', ranges, tables, accounts: undefined, grains: [] }, NEVER);
    for (const { partition, to } of ranges) next[partition] = to;
  }
}

test.each(WORLDS)('by $name: in whatever batches and order rows and deletes come, each key has its newest version, or none', async (world) => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const random = randomFrom(seed);
    const logs = randomLog(world, random);
    const name = `${world.name}_${seed}`;
    await stream(logs, world.table(name), name, random);
    expect({ seed, rows: await contents(database.pool, COLUMNS, `shop.${name}`) }).toEqual({ seed, rows: expectedRows(logs.flat(), world.age) });
  }
});

test('two consumers with the same keys, one of them deleting, commit at the same time: the table is that of one order of their events', async () => {
  const random = randomFrom(77);
  const [world] = WORLDS;
  if (!world) throw new Error('No world.');
  const table = world.table('together');
  const others = [openDestination(database.config), openDestination(database.config), openDestination(database.config)];
  const logs = others.map((_, partition) =>
    Array.from({ length: 160 }, (__, offset): Event => ({ id: `k${random(5)}`, note: `${partition}:${offset}`, seq: String(random(60)), partition, offset, rowId: uuid(random), deleted: partition === 0 && random(2) === 0 })),
  );
  await Promise.all(others.map((one, partition) => consume(one, table, logs[partition] ?? [], partition)));
  expect(await contents(database.pool, COLUMNS, 'shop.together')).toEqual(expectedRows(logs.flat(), world.age));
  await Promise.all(others.map((one) => one.close()));
});

/** One consumer of one partition, in batches of four. */
async function consume(one: PostgresDestination, table: StreamTable, log: readonly Event[], partition: number): Promise<void> {
  const source = { ...SOURCE, pipeline: 'together' };
  await one.openPositions(source, [{ partition, next: 0, greatestTimestamp: 0 }], NEVER);
  for (let from = 0; from < log.length; from += 4) {
    const rows = log.slice(from, from + 4).map(rowOf);
    const columns = Object.keys(rows[0] ?? {});
    const ranges = [{ partition, from, to: from + rows.length, greatestTimestamp: 0 }];
    await one.commitBatch({ ...source, definitionVersion: 1, commitId: randomUUID(), runId: 'r', traceId: '', ranges, tables: [{ table, columns, rows: rows.length, data: csv(rows, columns) }], accounts: undefined, grains: [] }, NEVER);
  }
}

test('a delete waits for a micro-batch that is under way, so that an older row of its key cannot come in after the look at the table', async () => {
  const table = bySequence({ ...KEYED, name: 'between' });
  const source = { ...SOURCE, pipeline: 'between' };
  const others = [openDestination(database.config), openDestination(database.config)];
  await destination.openPositions(source, others.map((_, partition) => ({ partition, next: 0, greatestTimestamp: 0 })), NEVER);
  const send = (one: PostgresDestination, partition: number, offset: number, deleted: boolean) => {
    const rows = [click(`k${offset}`, offset, { seq: Number(deleted), deleted, partition })];
    return one.commitBatch({ ...batchOf(rows, 0, 0, { table, ranges: [{ partition, from: offset, to: offset + 1, greatestTimestamp: 0 }] }), ...source }, NEVER);
  };
  const waiting = async (count: number) => {
    const found = await database.pool.query("select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()");
    return found.rowCount === count;
  };
  await Promise.all(others.map((one, partition) => send(one, partition, 0, partition === 1)));
  for (let round = 1; round <= 5; round += 1) {
    const holder = await database.pool.connect();
    await holder.query('begin; lock table shop.between in share row exclusive mode');
    // The row is about to be written, the delete is not.
    const row = send(others[0] ?? destination, 0, round, false);
    await until(() => waiting(1), { timeoutMs: 5_000, what: 'the row at the table' });
    const gone = send(others[1] ?? destination, 1, round, true);
    await until(() => waiting(2), { timeoutMs: 5_000, what: 'the delete behind it' });
    await holder.query('rollback');
    holder.release();
    await Promise.all([row, gone]);
  }
  expect(await contents(database.pool, COLUMNS, 'shop.between')).toEqual([]);
  await Promise.all(others.map((one) => one.close()));
});
