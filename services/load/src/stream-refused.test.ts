import { streamTable } from '@weir/connectors';
import type { Definition, Model } from '@weir/core';
import fc from 'fast-check';
import { loadBatch } from './load-batch';
import { openPositions } from './open-positions';
import { tableSpec } from './table-spec';
import { clickStream, inlineBatch, loadRequest, rangeOf, recordAt, streamContext } from './testing/click-stream';
import { grainOf, RestatedWorld, type LogRecord, type Version } from './testing/restated-world';
import { TestDataset, testModel, type TestRow } from './testing/test-dataset';
import { destinationAt, newRun, openWarehouse, TestLoad, type Warehouse } from './testing/warehouse';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
});
afterAll(() => warehouse?.dispose());

const NEVER = new AbortController().signal;
const GRAIN = '2024-01-01T00:00:00Z';
const COLUMNS: Model['columns'] = [{ name: 'id', type: 'VARCHAR' }, { name: 'note', type: 'VARCHAR' }, { name: 'seq', type: 'BIGINT' }, { name: 'kind', type: 'VARCHAR' }];

function modelOf(name: string, fields: Partial<Model> = {}): Model {
  return testModel({ name, zone: 'silver', scope: 'row', writeMode: 'upsert', key: ['id'], sequence: 'seq', columns: COLUMNS, ...fields });
}

const rowAt = (offset: number, id: string, note = 'good'): TestRow => recordAt(offset, { id, note, seq: String(offset), kind: 'k' });

/** A stream whose table has the row `z` of offset 0, and what a person then demands of it. */
async function streamThat(model: Model, demand: (table: string) => string) {
  await warehouse.pool.query('drop schema if exists test, weir cascade');
  const dataset = new TestDataset(warehouse.lake, model);
  const definition: Definition = clickStream([model]);
  const load = new TestLoad(warehouse, destinationAt(warehouse.config), [dataset], { definition: () => Promise.resolve(definition) });
  const opened = () => openPositions(load.deps, { context: streamContext(), cluster: 'cluster-1', topic: 'clicks', start: [{ partition: 0, next: 0, greatestTimestamp: 0 }] }, NEVER);
  const request = async (rows: readonly TestRow[], from: number) => loadRequest([await inlineBatch(model, rows)], [rangeOf(0, from, from + rows.length)]);
  const send = async (rows: readonly TestRow[], from: number) => loadBatch(load.deps, await request(rows, from), NEVER);
  /** As the archive has the records [0, rows). */
  const publish = (rows: readonly TestRow[], to = rows.length) => dataset.publish(new Map([[GRAIN, rows]]), new Map([[GRAIN, [`clicks:00000:${'0'.repeat(20)}-${String(to).padStart(20, '0')}`]]]));
  await opened();
  await send([rowAt(0, 'z')], 0);
  await warehouse.pool.query(demand(`test.${model.name}`));
  return { load, definition, opened, request, send, publish };
}

const CHECK = (table: string): string => `alter table ${table} add constraint good check (note <> 'bad')`;

async function ids(model: Model): Promise<string[]> {
  return (await warehouse.rows(model)).map(([id]) => id ?? '');
}

test.each(['upsert', 'append'] as const)('%s: what the table refuses of a micro-batch is counted by rule, and the quarantine has it with grain and place', async (writeMode) => {
  const model = modelOf(`batch_${writeMode}`, writeMode === 'append' ? { writeMode, key: [] } : {});
  const { load, send } = await streamThat(model, CHECK);
  const label = `test.${model.name}`;
  expect(await send([rowAt(1, 'a'), rowAt(2, 'b', 'bad'), rowAt(3, 'c')], 1)).toEqual({
    tables: [{ table: label, insertedOrUpdated: 2, deleted: 0, refused: 1, rules: [{ rule: 'destination:check:good', rows: 1, samples: ['clicks:0:2: destination:check:good'], severity: 'SEVERITY_CRITICAL', outcome: 'RULE_OUTCOME_QUARANTINE', table: `warehouse/${label}` }] }],
    wasCommitted: false,
  });
  expect(await ids(model)).toEqual(['a', 'c', 'z']);
  expect(load.quarantine.told).toEqual([`warehouse/${label} silver.${model.name} ${GRAIN} clicks:0:2 destination:check:good stream-run`]);
  expect(JSON.parse(load.quarantine.rows[0]?.original?.toString() ?? '')).toMatchObject({ id: 'b', note: 'bad', seq: 2 });
  await load.destination.close();
});

test.each(['before', 'after'] as const)('a quality service that fails %s it has heard: the micro-batch is committed, the call fails and is repeated, and the quarantine hears all', async (when) => {
  const model = modelOf(`deaf_${when}`);
  const { load, request } = await streamThat(model, CHECK);
  const sent = await request([rowAt(1, 'a'), rowAt(2, 'b', 'bad')], 1);
  load.quarantine.failing = [when];
  await expect(loadBatch(load.deps, sent, NEVER)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(await ids(model)).toEqual(['a', 'z']);
  expect(await loadBatch(load.deps, sent, NEVER)).toMatchObject({ tables: [{ insertedOrUpdated: 1, refused: 1, rules: [{ rows: 1 }] }], wasCommitted: true });
  expect(load.quarantine.told).toHaveLength(1);
  await load.destination.close();
});

test('a service that dies between commit and telling: whoever opens the positions next tells', async () => {
  const model = modelOf('dying');
  const { load, opened } = await streamThat(model, CHECK);
  const batch = await inlineBatch(model, [rowAt(1, 'b', 'bad')]);
  const grains = [{ partition: 0, offset: 1, count: 1, grain: GRAIN }];
  const table = streamTable(tableSpec(model, 'test'), model.sequence, 'clicks');
  await load.destination.commitBatch({ pipeline: 'test', cluster: 'cluster-1', topic: 'clicks', definitionVersion: 1, commitId: streamContext().commitId, runId: 'dead', traceId: '', accounts: undefined, grains, ranges: [{ partition: 0, from: 1, to: 2, greatestTimestamp: 0 }], tables: [{ table, columns: batch.columns, rows: 1, data: batch.data }] }, NEVER);
  expect(load.quarantine.rows).toEqual([]);
  await opened();
  expect(load.quarantine.told).toEqual([`warehouse/test.dying silver.dying ${GRAIN} clicks:0:1 destination:check:good dead`]);
  await opened();
  expect(load.quarantine.rows).toHaveLength(1);
  await load.destination.close();
});

test.each(['upsert', 'append'] as const)('%s: a restatement tries refused rows again: what is still refused stays, and lands once the table takes it; twice changes nothing', async (writeMode) => {
  const model = modelOf(`restated_${writeMode}`, writeMode === 'append' ? { writeMode, key: [] } : {});
  const { load, send, publish } = await streamThat(model, CHECK);
  const rows = [rowAt(0, 'z'), rowAt(1, 'a'), rowAt(2, 'b', 'bad'), rowAt(3, 'c', 'bad')];
  await send(rows.slice(1), 1);
  const restated = async () => (await load.to(await publish(rows), { context: { ...newRun(), interval: { start: GRAIN, end: '2024-01-02T00:00:00Z' } }, restate: true })).tables;
  expect(await restated()).toMatchObject([{ insertedOrUpdated: 0, deleted: 0, refused: 2, rules: [{ rule: 'destination:check:good', rows: 2 }] }]);
  expect(await ids(model)).toEqual(['a', 'z']);
  await warehouse.pool.query(`alter table test.${model.name} drop constraint good`);
  expect(await restated()).toMatchObject([{ insertedOrUpdated: 2, refused: 0 }]);
  expect(await ids(model)).toEqual(['a', 'b', 'c', 'z']);
  expect(load.quarantine.rows.map(({ became, grain }) => `${grain} ${became}`)).toEqual([...Array.from({ length: 4 }, () => `${GRAIN} `), ...Array.from({ length: 2 }, () => `${GRAIN} landed`)]);
  expect(await restated()).toMatchObject([{ insertedOrUpdated: 0, refused: 0 }]);
  expect((await warehouse.pool.query('select from weir.refused')).rowCount).toBe(0);
  await load.destination.close();
});

test('a restatement that makes nothing of a refused record any more, or another row: the quarantine hears that its place is taken, or gone', async () => {
  const model = modelOf('remade');
  const { load, send, publish } = await streamThat(model, CHECK);
  await send([rowAt(1, 'a', 'bad'), rowAt(2, 'b', 'bad')], 1);
  // The tombstone of one of them is over by now.
  await warehouse.pool.query("do $$ begin execute format('delete from weir.%I where id = ''a''', (select relname from pg_class where relkind = 'r' and relname like 'tombstone_%')); end $$");
  await load.to(await publish([rowAt(0, 'z'), rowAt(2, 'c')], 3), { context: { ...newRun(), interval: { start: GRAIN, end: '2024-01-02T00:00:00Z' } }, restate: true });
  expect(await ids(model)).toEqual(['c', 'z']);
  expect(load.quarantine.rows.map(({ line, became }) => `${line} ${became}`)).toEqual(['1 ', '2 ', '1 superseded', '2 superseded']);
  await load.destination.close();
});

test('a restatement alone is refused rows: they are told with the grain that the snapshot says; QUARANTINE_LIMIT for more than the policy allows, and nothing is changed', async () => {
  const model = modelOf('limited');
  const { load, publish } = await streamThat(model, CHECK);
  const context = { ...newRun(), interval: { start: GRAIN, end: '2024-01-02T00:00:00Z' } };
  const bad = Array.from({ length: 101 }, (_, at) => rowAt(1 + at, `k${at}`, 'bad'));
  await expect(load.to(await publish([rowAt(0, 'z', 'new'), ...bad]), { context, restate: true })).rejects.toMatchObject({ code: 'QUARANTINE_LIMIT', stage: 'load', place: 'test.limited' });
  expect((await warehouse.rows(model)).map((row) => row.slice(0, 2))).toEqual([['z', 'good']]);
  expect((await load.to(await publish([rowAt(0, 'z', 'new'), ...bad.slice(1)]), { context: { ...newRun(), interval: context.interval }, restate: true })).tables).toMatchObject([{ insertedOrUpdated: 1, refused: 100 }]);
  expect((await warehouse.rows(model)).map((row) => row.slice(0, 2))).toEqual([['z', 'new']]);
  expect(new Set(load.quarantine.rows.map(({ grain, became }) => `${grain} ${became}`))).toEqual(new Set([`${GRAIN} `]));
  await load.destination.close();
});

const byArrival = (one: Version, other: Version): number => one.partition - other.partition || one.offset - other.offset;
const bySequence = (one: Version, other: Version): number => Number(one.seq ?? -1) - Number(other.seq ?? -1) || byArrival(one, other);

const GRAINS = Array.from({ length: 5 }, (_, at) => `2024-01-0${at + 1}T00:00:00Z`);
const LOG = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), seq: fc.option(fc.integer({ min: 0, max: 11 }), { freq: 8 }), value: fc.nat({ max: 11 }) }), { minLength: 24, maxLength: 24 });
const STEP = fc.record({ consumed: fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 6 })), archived: fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 6 })), restated: fc.option(fc.nat({ max: 4 })), newer: fc.nat({ max: 3 }).map((n) => n === 0) });

test.each([
  { rule: 'arrival', sequence: undefined, older: byArrival },
  { rule: 'sequence', sequence: 'seq', older: bySequence },
])('by $rule: whatever the stream, its archive and restatements do, the table has what it takes of what it should have, and what it lacks is what is noted', async ({ rule, sequence, older }) => {
  let nth = 0;
  await fc.assert(
    fc.asyncProperty(fc.tuple(LOG, LOG), fc.array(STEP, { minLength: 3, maxLength: 6 }), async (logs, story) => {
      nth += 1;
      const model = modelOf(`world_${rule}_${nth}`, { key: ['kind', 'id'], sequence });
      await warehouse.pool.query('drop schema if exists test, weir cascade');
      const dataset = new TestDataset(warehouse.lake, model);
      const load = new TestLoad(warehouse, destinationAt(warehouse.config), [dataset], { definition: () => Promise.resolve(clickStream([model])) });
      const records = logs.map((log, partition) => log.map(({ key, seq, value }, offset): LogRecord => ({ partition, offset, key, seq: seq === null ? null : String(seq), value: partition + offset === 0 ? 2 : value })));
      const world = new RestatedWorld(records, model, dataset, load, older);
      await world.open();
      await world.consume(0, 1, 1);
      // The first model writes 4 to 6 as they are, the second others of them with a mark.
      await warehouse.pool.query(`alter table test.${model.name} add constraint good check (left(note, 1) not in ('4', '5', '6', '7'))`);
      const refuses = ({ note }: Version): boolean => /^[4-7]/.test(note);
      let version: 1 | 2 = 1;
      for (const { consumed, archived, restated, newer } of story) {
        if (newer) version = 2;
        for (const partition of [0, 1]) {
          await world.consume(partition, consumed[partition] ?? 0, version);
          world.archive(partition, archived[partition] ?? 0);
        }
        if (restated !== null) await world.restate(GRAINS.slice(restated, restated + 2), { start: GRAINS[restated] ?? '', end: GRAINS[restated + 2] ?? '2024-02-01T00:00:00Z' }, version);
        const known = [...world.known.values()].filter(({ deleted }) => !deleted);
        expect((await warehouse.rows(model)).map((row) => row.slice(0, 2))).toEqual(known.filter((one) => !refuses(one)).map(({ key, note }) => [key, note]).sort(([one = ''], [other = '']) => (one < other ? -1 : 1)));
        const { rows } = await warehouse.pool.query<{ position: string }>('select position from weir.refused where became is null');
        expect(rows.map(({ position }) => position).sort()).toEqual(known.filter(refuses).map(({ partition, offset }) => `clicks:${partition}:${offset}`).sort());
      }
      const open = new Map(load.quarantine.rows.map(({ file, line, became, grain }) => [`${file}:${line}`, { became, grain }]));
      for (const [position, { became, grain }] of open) {
        const [, partition = '', offset = ''] = position.split(':');
        // What nobody told the grain of was said by a restatement, whose snapshot knows it.
        if (became === '') expect(grain).toBe(grainOf({ partition: Number(partition), offset: Number(offset) }));
      }
      await load.destination.close();
    }),
    { numRuns: 8 },
  );
});
