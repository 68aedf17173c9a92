import { randomUUID } from 'node:crypto';
import { FaultProxy, testDatabase, type TestDatabase } from '@weir/testkit';
import fc from 'fast-check';
import type { PostgresDestination } from './destination';
import type { StreamCommit } from './stream-commit';
import type { TableSpec } from './table';
import { openDestination } from './testing/orders';
import { batchOf, byArrival, bySequence, click, commit, contents, GRAIN, KEYED, NEVER, open, rowId, standing, type StreamRow } from './testing/stream';
import { olderByArrival, olderByNumber, rowOf, type Age, type Event } from './testing/stream-oracle';

let database: TestDatabase;
let proxy: FaultProxy;
let destination: PostgresDestination;

beforeAll(async () => {
  database = await testDatabase();
  proxy = await FaultProxy.start(database.config);
});
beforeEach(async () => {
  await database.pool.query('drop schema if exists shop, weir cascade');
  destination = openDestination(database.config);
});
afterEach(() => destination.close());
afterAll(async () => {
  await proxy?.close();
  await database?.drop();
});

/** A stream's table with one good row, `z`, and what a person then demands of it. */
async function tableThat(demand: string, table = bySequence(), partitions = 1): Promise<void> {
  await open(destination, partitions);
  await commit(destination, [table.spec.identity.by === 'row' ? appended(0) : click('z', 0)], 0, 1, { table });
  await database.pool.query(demand);
}

const CHECK = "alter table shop.clicks add constraint no_bang check (note not like '%!')";

/** Positions and rules of what the table lacks. */
async function lacking(): Promise<string[]> {
  const { rows } = await database.pool.query<{ line: string }>('select position || \' \' || rule as line from weir.refused where became is null order by 1');
  return rows.map(({ line }) => line);
}

/** What the quarantine would hear, and has heard then. */
async function told(table = 'shop.clicks'): Promise<string[]> {
  const rows = await destination.untold([table], 'placed', NEVER);
  await destination.markTold(rows, NEVER);
  return rows.map(({ position, rule, became }) => `${position} ${became ?? rule}`).sort();
}

test('rows that a table refuses are set aside with grain, original and reason; all others and the positions are committed, and the ledger counts', async () => {
  await tableThat(CHECK);
  const batch = batchOf([click('a', 1), click('b', 2, { note: 'b!' }), click('c', 3), click('z', 4, { note: 'z!' })], 1, 5);
  expect(await destination.commitBatch(batch, NEVER)).toEqual({ tables: [{ table: 'shop.clicks', inserted: 2, updated: 0, deleted: 1, refused: 2 }], wasCommitted: false, noted: true });
  expect(await contents(database.pool)).toEqual([['a', 'at 1'], ['c', 'at 3']]);
  expect(await standing(database.pool)).toEqual([5]);
  const [row] = await destination.untold(['shop.clicks'], 'placed', NEVER);
  expect(row).toMatchObject({ table: 'shop.clicks', partition: '', grain: GRAIN, position: 'clicks:0:2', rowId: rowId(0, 2), rule: 'destination:check:no_bang', reason: expect.stringContaining('no_bang'), runId: 'stream-run', became: undefined });
  expect(JSON.parse(row?.original ?? '')).toEqual({ id: 'b', note: 'b!', seq: 2 });
  expect(await destination.refusedCounts([batch.commitId], NEVER)).toEqual([{ commitId: batch.commitId, table: 'shop.clicks', rule: 'destination:check:no_bang', rows: 2, positions: ['clicks:0:2', 'clicks:0:4'] }]);
  const led = await database.pool.query("select refused::int, inserted::int from weir.ledger where commit_id = $1", [batch.commitId]);
  expect(led.rows).toEqual([{ refused: 2, inserted: 2 }]);
  // Repeated, as when its answer was lost.
  expect(await destination.commitBatch(batch, NEVER)).toMatchObject({ tables: [{ refused: 2 }], wasCommitted: true, noted: true });
  expect(await told()).toEqual(['clicks:0:2 destination:check:no_bang', 'clicks:0:4 destination:check:no_bang']);
  expect(await told()).toEqual([]);
});

test('a refused version keeps older ones out that come late, and a newer one takes its place; the quarantine hears of each once', async () => {
  await tableThat(CHECK);
  await commit(destination, [click('a', 1, { seq: 5, note: 'a!' })], 1, 2);
  expect(await commit(destination, [click('a', 2, { seq: 3 })], 2, 3)).toMatchObject({ tables: [{ inserted: 0, refused: 0 }], noted: false });
  // One that is older than what is known is not even asked about.
  expect(await commit(destination, [click('a', 3, { seq: 4, note: 'older!' })], 3, 4)).toMatchObject({ tables: [{ inserted: 0, refused: 0 }] });
  expect(await lacking()).toEqual(['clicks:0:1 destination:check:no_bang']);
  expect(await told()).toEqual(['clicks:0:1 destination:check:no_bang']);
  expect(await commit(destination, [click('a', 4, { seq: 6 })], 4, 5)).toMatchObject({ tables: [{ inserted: 1, refused: 0 }], noted: true });
  expect(await contents(database.pool)).toEqual([['a', 'at 4'], ['z', 'at 0']]);
  expect(await told()).toEqual(['clicks:0:1 superseded']);
  expect((await database.pool.query('select from weir.refused')).rowCount).toBe(0);
});

test('the same record again lands once the table takes it; a delete takes the place of a refused version, too', async () => {
  await tableThat(CHECK);
  const refused = [click('a', 1, { note: 'a!' }), click('b', 2, { note: 'b!' })];
  await commit(destination, refused, 1, 3);
  await database.pool.query('alter table shop.clicks drop constraint no_bang');
  expect(await commit(destination, [...refused.slice(0, 1), click('b', 4, { deleted: true })], 3, 5)).toMatchObject({ tables: [{ inserted: 1, refused: 0 }], noted: true });
  expect(await contents(database.pool)).toEqual([['a', 'a!'], ['z', 'at 0']]);
  expect(await told()).toEqual(['clicks:0:1 landed', 'clicks:0:2 superseded']);
});

test('a null key is set aside; so is what a foreign key refuses that is checked at the commit', async () => {
  await tableThat('create table shop.known (note text primary key); insert into shop.known values (\'at 0\'), (\'at 1\'); alter table shop.clicks add constraint is_known foreign key (note) references shop.known deferrable initially deferred');
  expect(await commit(destination, [click('a', 1), click(null, 2), click('c', 3)], 1, 4)).toMatchObject({ tables: [{ inserted: 1, refused: 2 }] });
  expect(await lacking()).toEqual(['clicks:0:2 destination:not_null:id', 'clicks:0:3 destination:foreign_key:is_known']);
});

test('rows of one micro-batch that stand in each other’s way only as they come are not refused', async () => {
  await tableThat('create unique index one_note on shop.clicks (note)');
  await commit(destination, [click('a', 1, { note: 'one' }), click('b', 2, { note: 'two' })], 1, 3);
  expect(await commit(destination, [click('a', 3, { note: 'two' }), click('b', 4, { note: 'one' })], 3, 5)).toMatchObject({ tables: [{ refused: 0 }] });
  expect(await commit(destination, [click('c', 5, { note: 'one' }), click('b', 6, { deleted: true })], 5, 7)).toMatchObject({ tables: [{ refused: 0 }] });
  expect(await contents(database.pool)).toEqual([['a', 'two'], ['c', 'one'], ['z', 'at 0']]);
  expect(await lacking()).toEqual([]);
});

test('rows that refer to rows of another table of the micro-batch: what the parent refuses its lines lose', async () => {
  const lines = bySequence({ ...KEYED, name: 'a_lines' });
  await tableThat(CHECK);
  await commit(destination, [click('z', 1)], 1, 2, { table: lines });
  await database.pool.query("update shop.a_lines set note = 'z'; alter table shop.a_lines add constraint of_click foreign key (note) references shop.clicks (id)");
  const clicks = batchOf([click('p', 2), click('q', 3, { note: 'q!' })], 2, 6);
  const both = batchOf([click('l', 4, { note: 'p' }), click('m', 5, { note: 'q' })], 2, 6, { table: lines }).tables;
  expect((await destination.commitBatch({ ...clicks, tables: [...clicks.tables, ...both] }, NEVER)).tables).toMatchObject([{ table: 'shop.a_lines', inserted: 1, refused: 1 }, { table: 'shop.clicks', inserted: 1, refused: 1 }]);
  expect(await lacking()).toEqual(['clicks:0:3 destination:check:no_bang', 'clicks:0:5 destination:foreign_key:of_click']);
});

test('a row that the table does not give up stays: what deletes it is set aside, older ones stay out, and it goes when it can', async () => {
  await tableThat("create table shop.users (click text constraint uses references shop.clicks); insert into shop.users values ('z')");
  const gone = click('z', 3, { seq: 9, deleted: true });
  expect(await commit(destination, [gone, click('a', 4)], 1, 5)).toMatchObject({ tables: [{ inserted: 1, deleted: 0, refused: 1 }] });
  expect(await lacking()).toEqual(['clicks:0:3 destination:foreign_key:uses']);
  await commit(destination, [click('z', 5, { seq: 7 })], 5, 6);
  expect(await contents(database.pool)).toEqual([['a', 'at 4'], ['z', 'at 0']]);
  expect(await told()).toEqual(['clicks:0:3 destination:foreign_key:uses']);
  await database.pool.query('drop table shop.users');
  expect(await commit(destination, [gone], 6, 7)).toMatchObject({ tables: [{ deleted: 1, refused: 0 }], noted: true });
  expect(await contents(database.pool)).toEqual([['a', 'at 4']]);
  expect(await told()).toEqual(['clicks:0:3 landed']);
});

const APPENDED: TableSpec = { ...KEYED, name: 'lines', identity: { by: 'row', id: 'dataset' } };
const appended = (offset: number, note = `at ${offset}`): StreamRow => ({ id: 'k', note, seq: 1, _weir_partition: GRAIN, _weir_row_id: rowId(0, offset), _weir_position: `clicks:0:${offset}` });

test('rows that are told apart by id are set aside like those by key; again, they land once the table takes them', async () => {
  const table = byArrival(APPENDED);
  await tableThat("alter table shop.lines add constraint no_bang check (note not like '%!')", table);
  const rows = [appended(1), appended(2, 'two!'), appended(3)];
  expect(await commit(destination, rows, 1, 4, { table })).toMatchObject({ tables: [{ inserted: 2, refused: 1 }] });
  expect(await told('shop.lines')).toEqual(['clicks:0:2 destination:check:no_bang']);
  await database.pool.query('alter table shop.lines drop constraint no_bang');
  expect(await commit(destination, rows, 4, 7, { table })).toMatchObject({ tables: [{ inserted: 1, refused: 0 }], noted: true });
  expect(await told('shop.lines')).toEqual(['clicks:0:2 landed']);
  expect(await contents(database.pool, 'note', 'shop.lines')).toEqual([['at 0'], ['at 1'], ['at 3'], ['two!']]);
});

test('BATCH_TOO_LARGE: more refused rows than can be found in time; nothing is changed, no value is told, and fewer records at a time go through', async () => {
  await tableThat(CHECK);
  const bad = Array.from({ length: 251 }, (_, at) => click(`k${at}`, 1 + at, { note: `secret ${at}!` }));
  const failing = commit(destination, bad, 1, 252);
  await expect(failing).rejects.toMatchObject({ code: 'BATCH_TOO_LARGE', stage: 'load', place: 'shop.clicks', samples: expect.arrayContaining([expect.stringMatching(/^clicks:0:1: .*no_bang/)]) });
  await expect(failing).rejects.not.toThrow(/secret/);
  expect(await standing(database.pool)).toEqual([1]);
  expect(await commit(destination, bad.slice(0, 250), 1, 251)).toMatchObject({ tables: [{ inserted: 0, refused: 250 }] });
  expect(await commit(destination, bad.slice(250), 251, 252)).toMatchObject({ tables: [{ refused: 1 }] });
});

test('answers that get lost: each row is written or set aside once', async () => {
  await tableThat(CHECK);
  const unsteady = openDestination(database.config, proxy.port);
  await unsteady.commitBatch(batchOf([click('a', 1)], 1, 2), NEVER);
  const rounds = 20;
  proxy.loseCommitReply({ times: rounds });
  for (let at = 2; at < 2 + rounds; at += 1) {
    expect(await unsteady.commitBatch(batchOf([click('a', at), click(`b${at % 3}`, at, { note: `${at}!` })], at, at + 1), NEVER)).toMatchObject({ wasCommitted: true, tables: [{ updated: 1, refused: 1 }] });
  }
  proxy.pass();
  await unsteady.close();
  expect(await contents(database.pool)).toEqual([['a', 'at 21'], ['z', 'at 0']]);
  expect(await lacking()).toEqual([19, 20, 21].map((offset) => `clicks:0:${offset} destination:check:no_bang`));
});

test('a destination from before refused rows had grains is brought up to date', async () => {
  await open(destination);
  await commit(destination, [click('z', 0)], 0, 1);
  await database.pool.query('alter table weir.refused drop column grain');
  const newer = openDestination(database.config);
  await open(newer);
  await database.pool.query(CHECK);
  expect(await commit(newer, [click('a', 1, { note: '!' })], 1, 2)).toMatchObject({ tables: [{ refused: 1 }] });
  expect(await newer.untold(['shop.clicks'], 'placed', NEVER)).toMatchObject([{ grain: GRAIN }]);
  await newer.close();
});

/** What the tables demand: one that looks at the row alone, one that looks at another table. */
const DEMANDS = `${CHECK}; create table shop.known (seq bigint primary key); insert into shop.known select * from generate_series(-3, 9) s where s <> 1; alter table shop.clicks add constraint is_known foreign key (seq) references shop.known`;

function refuses({ note, seq }: Event): boolean {
  return note.endsWith('!') || seq === '1';
}

/** Of each key the newest event. */
function newest(events: readonly Event[], age: Age): Event[] {
  const byKey = new Map<string, Event>();
  for (const event of events) {
    const known = byKey.get(event.id);
    if (!known || age(known, event) <= 0) byKey.set(event.id, event);
  }
  return [...byKey.values()];
}

async function expectExact(events: readonly Event[], age: Age): Promise<void> {
  const winners = newest(events, age);
  const living = winners.filter((event) => !event.deleted && !refuses(event)).map(({ id, note, seq }) => [id, note, seq]);
  expect(await contents(database.pool, 'id, note, seq')).toEqual(living.sort(([one], [other]) => ((one ?? '') < (other ?? '') ? -1 : 1)));
  const { rows } = await database.pool.query<{ row_id: string }>('select row_id from weir.refused where became is null');
  expect(rows.map((row) => row.row_id).sort()).toEqual(winners.filter((event) => !event.deleted && refuses(event)).map((event) => event.rowId).sort());
}

const PARTITIONS = 2;
const SOME = fc.record({ partition: fc.nat({ max: PARTITIONS - 1 }), id: fc.constantFrom('a', 'b', 'c'), seq: fc.option(fc.integer({ min: -3, max: 4 }), { freq: 8 }), deleted: fc.integer({ min: 0, max: 3 }).map((n) => n === 0), bad: fc.boolean(), salt: fc.nat({ max: 9 }) });

const WORLDS = [
  { name: 'numbers', table: bySequence(), age: olderByNumber },
  { name: 'arrival', table: byArrival(), age: olderByArrival },
];

test.each(WORLDS)('by $name: whatever comes in whatever order, each key has its newest version if the table takes it, and what the table lacks is noted', async ({ table, age }) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(SOME, { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 7 }), async (story) => {
      await database.pool.query('drop schema if exists shop, weir cascade');
      await destination.close();
      destination = openDestination(database.config);
      await open(destination, PARTITIONS);
      const next = Array.from({ length: PARTITIONS }, () => 0);
      const events: Event[] = [];
      const send = async (batch: readonly Event[]): Promise<StreamCommit> => {
        const ranges = next.flatMap((from, partition) => {
          const count = batch.filter((event) => event.partition === partition).length;
          next[partition] = from + count;
          return count > 0 ? [{ partition, from, to: from + count, greatestTimestamp: 0 }] : [];
        });
        events.push(...batch);
        return commit(destination, batch.map(rowOf), 0, 0, { table, ranges });
      };
      await send([{ id: 'z', note: 'first', seq: '0', partition: 0, offset: 0, rowId: randomUUID(), deleted: false }]);
      await database.pool.query(DEMANDS);
      for (const cut of story) {
        const offsets = [...next];
        const batch = cut.map(({ partition, id, seq, deleted, bad, salt }): Event => {
          const offset = offsets[partition] ?? 0;
          offsets[partition] = offset + 1;
          return { id, note: `${partition}:${offset}${bad ? '!' : ''}`, seq: seq === null ? null : String(seq), partition, offset, rowId: `${salt}0000000-0000-4000-8000-${partition}${String(offset).padStart(11, '0')}`, deleted };
        });
        const { tables } = await send(batch);
        const fresh = newest(events, age).filter((event) => batch.includes(event) && !event.deleted && refuses(event));
        expect(tables[0]?.refused).toBe(fresh.length);
        await expectExact(events, age);
      }
    }),
    { numRuns: 12 },
  );
});

test('three consumers with the same keys at the same time, one of them deleting: the table and what it lacks are those of one order of their events', async () => {
  await open(destination, 3);
  await commit(destination, [click('z', 0, { seq: 2 })], 0, 1);
  await database.pool.query(DEMANDS);
  const others = [openDestination(database.config), openDestination(database.config), openDestination(database.config)];
  const logs = others.map((_, partition) =>
    Array.from({ length: 60 }, (__, at): Event => {
      const offset = at + (partition === 0 ? 1 : 0);
      const seed = (partition * 7_919 + at * 104_729) % 10_007;
      return { id: `k${seed % 5}`, note: `${partition}:${offset}${seed % 3 === 0 ? '!' : ''}`, seq: String(2 + (seed % 8)), partition, offset, rowId: randomUUID(), deleted: partition === 0 && seed % 4 === 0 };
    }),
  );
  await Promise.all(others.map(async (one, partition) => {
    const log = logs[partition] ?? [];
    for (let at = 0; at < log.length; at += 4) {
      const rows = log.slice(at, at + 4);
      const from = rows[0]?.offset ?? 0;
      await one.commitBatch(batchOf(rows.map(rowOf), 0, 0, { ranges: [{ partition, from, to: from + rows.length, greatestTimestamp: 0 }] }), NEVER);
    }
  }));
  await Promise.all(others.map((one) => one.close()));
  const first: Event = { id: 'z', note: 'at 0', seq: '2', partition: 0, offset: 0, rowId: rowId(0, 0), deleted: false };
  await expectExact([first, ...logs.flat()], olderByNumber);
});
