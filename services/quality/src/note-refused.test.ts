import type { RefusedRow } from '@weir/rpc';
import { dropRows } from './drop-rows';
import { getRow } from './get-row';
import { listRows } from './list-rows';
import { noteRefused } from './note-refused';
import { replayRows } from './replay-rows';
import { HEADER, line, retail, Workbench } from './testing/workbench';
import { tryRows } from './try-rows';

let bench: Workbench;
beforeEach(async () => {
  bench = await Workbench.open();
  bench.definition = retail();
  bench.catalog.definitions.set('retail', retail());
});
afterEach(() => bench.close());

const ID = '00000000-0000-0000-0000-00000000000';

function refused(n: number, fields: Partial<RefusedRow> = {}): RefusedRow {
  return {
    table: 'warehouse/shop.orders', dataset: 'gold.orders', rowId: `${ID}${n}`, tablePartition: '', grain: 'all', file: 'day.csv', line: n, rule: 'destination:check:positive',
    reason: 'Postgres: violates check constraint "positive" [23514]', original: Buffer.from(`{"id": ${n}}`), became: '', runId: 'run-1', changed: 100, ...fields,
  };
}

function note(...rows: RefusedRow[]) {
  return noteRefused(bench.dependencies, { pipeline: 'retail', contractVersion: '1.0.0', rows });
}

async function states(): Promise<string[]> {
  return (await listRows(bench.dependencies, { pipeline: 'retail', runId: '', limit: 0 })).rows.map(({ line: n, status, runId, stage }) => `${n} ${stage} ${status} ${runId}`).sort();
}

test('rows that a table refused are set aside once, with their place, rule and original', async () => {
  expect(await note(refused(1), refused(2))).toEqual({ setAside: 2, replayed: 0, superseded: 0 });
  expect(await note(refused(1), refused(2))).toEqual({ setAside: 0, replayed: 0, superseded: 0 });
  expect(await states()).toEqual(['1 load open run-1', '2 load open run-1']);
  const { rows } = await listRows(bench.dependencies, { pipeline: 'retail', runId: '', limit: 1 });
  expect(rows[0]).toMatchObject({ dataset: 'gold.orders', table: 'warehouse/shop.orders', file: 'day.csv', line: 2, partition: 'all', rules: ['destination:check:positive'] });
  const { original, rules } = await getRow(bench.dependencies, { id: rows[0]?.id ?? 0, limit: 0 }, new AbortController().signal);
  expect(original?.toString()).toBe('{"id": 2}');
  expect(rules[0]?.text).toMatch(/breaks the check constraint \(positive\)/);
});

test('one row that two tables refuse is two rows', async () => {
  expect(await note(refused(1), refused(1, { table: 'warehouse/shop.lines' }))).toMatchObject({ setAside: 2 });
});

test('a row lands, is refused again, and another takes its place: every change is an event, and each is told once', async () => {
  await note(refused(1), refused(2));
  const landed = refused(1, { became: 'landed', runId: 'run-2', changed: 200 });
  expect(await note(landed, refused(2, { became: 'superseded', runId: 'run-2', changed: 201 }))).toEqual({ setAside: 0, replayed: 1, superseded: 1 });
  expect(await note(landed)).toEqual({ setAside: 0, replayed: 0, superseded: 0 });
  expect(await states()).toEqual(['1 load replayed run-1', '2 load superseded run-1']);
  expect(await note(refused(1, { runId: 'run-3', changed: 300 }))).toEqual({ setAside: 1, replayed: 0, superseded: 0 });
  expect(await states()).toEqual(['1 load open run-3', '2 load superseded run-1']);
  const { rows } = await listRows(bench.dependencies, { pipeline: 'retail', runId: 'run-3', limit: 0 });
  const { events } = await getRow(bench.dependencies, { id: rows[0]?.id ?? 0, limit: 0 }, new AbortController().signal);
  expect(events.map(({ status, runId }) => `${status} ${runId}`)).toEqual(['replayed run-2', 'open run-3']);
});

test('what comes late does not count: neither the refusal of a row that has landed, nor one that nobody had heard of before it landed', async () => {
  await note(refused(1));
  await note(refused(1, { became: 'landed', changed: 200 }), refused(2, { became: 'landed', changed: 200 }));
  await note(refused(1, { changed: 150 }), refused(2, { changed: 150 }));
  expect(await states()).toEqual(['1 load replayed run-1', '2 load replayed run-1']);
});

test('a row that was dropped stays dropped when it is refused again, without its original; when it lands all the same it says so', async () => {
  await note(refused(1));
  await dropRows(bench.dependencies, { pipeline: 'retail', filter: undefined, all: true, reason: 'noise', by: 'ada' }, new AbortController().signal);
  await note(refused(1, { changed: 200 }));
  const { rows } = await listRows(bench.dependencies, { pipeline: 'retail', runId: '', limit: 0 });
  expect(rows[0]).toMatchObject({ status: 'dropped' });
  expect(rows[0]?.original).toHaveLength(0);
  expect(await note(refused(1, { became: 'landed', changed: 300 }))).toMatchObject({ replayed: 1 });
});

test('a run that admits the row of the source does not take what the table refused; a trial counts it as landing', async () => {
  const raw = await bench.stageRaw('run-1', [{ name: 'day.csv', content: `${HEADER}\n${line('1')}\n` }]);
  await bench.validateRaw('run-1', raw);
  await note(refused(2));
  expect(await replayRows(bench.dependencies, { runId: 'run-1', extracted: true })).toEqual({ replayed: 0, superseded: 0, reopened: 0 });
  expect(await states()).toEqual(['2 load open run-1']);
  const tried = await tryRows(bench.dependencies, { pipeline: 'retail', cursor: '' }, new AbortController().signal);
  expect(tried.grains).toEqual([{ partition: 'all', open: 1, landing: 1, retryOf: '', marks: [] }]);
});

test.each([
  ['an id that is none', { rowId: 'x' }],
  ['a state that is none', { became: 'lost' }],
  ['a line that is none', { line: -1 }],
  ['no table', { table: '' }],
  ['an original that is too large', { original: Buffer.alloc(64 * 1024 + 1) }],
])('INVALID_VALUE: %s', async (_, fields) => {
  await expect(note(refused(1, fields))).rejects.toMatchObject({ code: 'INVALID_VALUE' });
});

test('INVALID_VALUE: a row twice, and more than a thousand', async () => {
  await expect(note(refused(1), refused(1))).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  const many = Array.from({ length: 1_001 }, (_, n) => refused(1, { rowId: `${ID.slice(0, -4)}${String(n).padStart(5, '0')}` }));
  await expect(note(...many)).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringMatching(/1001/) });
});
