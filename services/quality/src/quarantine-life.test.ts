import type { Definition } from '@weir/core';
import type { QuarantinedRow, SegmentSet } from '@weir/rpc';
import { dropRows } from './drop-rows';
import { getRow } from './get-row';
import { listRows } from './list-rows';
import { replayRows } from './replay-rows';
import { clicks, column, sendBatch } from './testing/records';
import { stageLog } from './testing/segments';
import { HEADER, line, retail, Workbench } from './testing/workbench';

const signal = new AbortController().signal;

/** Without the rule that refuses negative prices. */
function loosened(): Definition {
  const definition = retail();
  const [orders] = definition.contract.datasets;
  if (!orders) throw new Error('The contract has no dataset.');
  return { ...definition, contract: { ...definition.contract, version: '2.0.0', datasets: [{ ...orders, rules: orders.rules.filter(({ id }) => id !== 'unit_price_not_negative') }] } };
}

describe('the life of rows in quarantine', () => {
  let bench: Workbench;
  beforeEach(async () => {
    bench = await Workbench.open();
    apply(retail());
  });
  afterEach(() => bench.close());

  const NEGATIVE = line('1', { 5: '-1' });
  const NO_NUMBER = line('2', { 3: 'x' });
  const day = (...lines: string[]) => [{ name: 'day.csv', content: `${[HEADER, ...lines].join('\n')}\n` }];

  function apply(definition: Definition): void {
    bench.definition = definition;
    bench.catalog.definitions.set('retail', definition);
  }

  async function rows(): Promise<QuarantinedRow[]> {
    return (await listRows(bench.dependencies, { pipeline: 'retail', runId: '', limit: 0 })).rows;
  }

  const states = async (): Promise<string[]> => (await rows()).map((row) => `${row.line} ${row.status} ${row.contractVersion} ${row.runId}`).sort();

  /** A run that reads these raw segments and publishes. */
  async function rerun(runId: string, raw: SegmentSet, extracted = false) {
    expect((await bench.validateRaw(runId, raw)).error).toBeUndefined();
    return replayRows(bench.dependencies, { runId, extracted });
  }

  it('a row that a corrected contract admits is replayed once its run has published, the others are open under that contract, none is doubled', async () => {
    const raw = await bench.stageRaw('first', day(NEGATIVE, NO_NUMBER, line('3')));
    expect(await rerun('first', raw, true)).toEqual({ replayed: 0, superseded: 0, reopened: 0 });
    apply(loosened());
    await bench.validateRaw('second', raw);
    // Nothing is published yet.
    expect(await states()).toEqual(['2 open 1.0.0 first', '3 open 2.0.0 second']);
    expect(await replayRows(bench.dependencies, { runId: 'second', extracted: false })).toEqual({ replayed: 1, superseded: 0, reopened: 0 });
    const after = ['2 replayed 1.0.0 first', '3 open 2.0.0 second'];
    expect(await states()).toEqual(after);
    expect(await replayRows(bench.dependencies, { runId: 'second', extracted: false })).toEqual({ replayed: 0, superseded: 0, reopened: 0 });
    expect(await rerun('third', raw)).toEqual({ replayed: 0, superseded: 0, reopened: 0 });
    expect((await states()).map((state) => state.split(' ', 3).join(' '))).toEqual(after.map((state) => state.split(' ', 3).join(' ')));
  });

  it('a row is open again when a published run refuses it again, and not when that run has published nothing', async () => {
    const raw = await bench.stageRaw('first', day(NEGATIVE, line('3')));
    await rerun('first', raw);
    apply(loosened());
    await rerun('second', raw);
    apply(retail());
    await bench.validateRaw('third', raw);
    expect(await states()).toEqual(['2 replayed 1.0.0 third']);
    expect(await replayRows(bench.dependencies, { runId: 'third', extracted: false })).toMatchObject({ reopened: 1 });
    expect(await states()).toEqual(['2 open 1.0.0 third']);
    const [row] = await rows();
    const { events } = await getRow(bench.dependencies, { id: row?.id ?? 0, limit: 0 }, signal);
    expect(events.map(({ status, runId, contractVersion }) => [status, runId, contractVersion])).toEqual([
      ['replayed', 'second', '2.0.0'],
      ['open', 'third', '1.0.0'],
    ]);
  });

  it('a word of an earlier run that comes late changes nothing that a later one has judged', async () => {
    const raw = await bench.stageRaw('first', day(NEGATIVE, NO_NUMBER, line('3')));
    await rerun('first', raw);
    apply(loosened());
    await bench.validateRaw('second', raw);
    apply(retail());
    await rerun('third', raw);
    expect(await replayRows(bench.dependencies, { runId: 'second', extracted: false })).toEqual({ replayed: 0, superseded: 0, reopened: 0 });
    expect(await states()).toEqual(['2 open 1.0.0 third', '3 open 1.0.0 third']);
  });

  it('rows of a file that was corrected are superseded by the run that read it anew, and only by such a run', async () => {
    const raw = await bench.stageRaw('first', day(NEGATIVE, line('3')));
    await rerun('first', raw, true);
    const corrected = await bench.stageRaw('second', day(line('1'), NO_NUMBER, line('3')));
    expect(await rerun('from-raw', corrected, false)).toMatchObject({ superseded: 0 });
    expect(await rerun('second', corrected, true)).toEqual({ replayed: 0, superseded: 1, reopened: 0 });
    expect(await states()).toEqual(['2 superseded 1.0.0 first', '3 open 1.0.0 second']);
    // The file as it was comes back.
    expect(await rerun('third', raw, true)).toMatchObject({ superseded: 1, reopened: 1 });
    expect(await states()).toEqual(['2 open 1.0.0 third', '3 superseded 1.0.0 second']);
  });

  it('drops what a filter leaves, with who and why, and removes the originals; a dropped row stays so until a run admits it', async () => {
    const large = line('4', { 2: 'x'.repeat(70_000), 3: 'y' });
    const raw = await bench.stageRaw('first', day(NEGATIVE, NO_NUMBER, large));
    await rerun('first', raw);
    const path = (await rows()).find(({ line: at }) => at === 4)?.originalPath ?? '';
    await expect(dropRows(bench.dependencies, { pipeline: 'retail', all: false, reason: 'old', by: 'ada' }, signal)).rejects.toMatchObject({ code: 'MISSING_KEY' });
    await expect(dropRows(bench.dependencies, { pipeline: 'retail', all: true, reason: ' ', by: 'ada' }, signal)).rejects.toMatchObject({ code: 'MISSING_KEY' });
    await expect(dropRows(bench.dependencies, { pipeline: 'none', all: true, reason: 'old', by: 'ada' }, signal)).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
    const filter = { runId: '', rule: 'type:quantity', partition: '', rows: [], before: '' };
    expect(await dropRows(bench.dependencies, { pipeline: 'retail', filter, all: false, reason: 'nobody knows', by: 'ada' }, signal)).toEqual({ dropped: 2, openBefore: 3, openAfter: 1, action: 1, more: false });
    expect(await dropRows(bench.dependencies, { pipeline: 'retail', filter, all: false, reason: 'nobody knows', by: 'ada' }, signal)).toEqual({ dropped: 0, openBefore: 1, openAfter: 1, action: 0, more: false });
    await expect(bench.lake.verify({ path, bytes: large.length, sha256: '' })).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    expect((await rows()).map((row) => [row.line, row.status, row.original.toString()])).toEqual([[4, 'dropped', ''], [3, 'dropped', ''], [2, 'open', NEGATIVE]]);
    await rerun('second', raw);
    expect((await rows()).map(({ status }) => status)).toEqual(['dropped', 'dropped', 'open']);
    const { rows: audit } = await bench.database.pool.query('select action, asked_by, reason, open_before, open_after, changed, status from quality.quarantine_action');
    expect(audit).toEqual([{ action: 'drop', asked_by: 'ada', reason: 'nobody knows', open_before: '3', open_after: '1', changed: '2', status: 'done' }]);
  });

  it('drops all, when told so, and what a loosened contract admits afterwards is replayed all the same', async () => {
    const raw = await bench.stageRaw('first', day(NEGATIVE, NO_NUMBER));
    await rerun('first', raw);
    expect(await dropRows(bench.dependencies, { pipeline: 'retail', all: true, reason: 'a test', by: 'ada' }, signal)).toMatchObject({ dropped: 2, openAfter: 0 });
    apply(loosened());
    expect(await rerun('second', raw)).toMatchObject({ replayed: 1 });
    expect((await rows()).map(({ status }) => status)).toEqual(['dropped', 'replayed']);
  });
});

describe('the life of records of a stream', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await Workbench.open();
  });
  afterAll(() => bench.close());

  it('a run over the archive takes those that it read and admitted; those that it has not read wait', async () => {
    const columns = [column('id', 'VARCHAR', { required: true }), column('n', 'BIGINT')];
    const rule = (most: number) => [{ id: 'small', severity: 'critical' as const, type: 'accuracy' as const, predicate: `n < ${most}`, description: 'n is small' }];
    bench.definition = clicks({ columns, rules: rule(10) });
    const records = [50, 5_000, 60, 70].map((n, offset) => ({ value: `{"id":"a${offset}","n":${n}}`, offset, timestamp: 1_000 * offset }));
    await sendBatch(bench, records);
    const loose = clicks({ columns, rules: rule(100) });
    bench.definition = { ...loose, contract: { ...loose.contract, version: '2.0.0' } };
    // The archive has come as far as offset 2.
    const raw = await stageLog(bench, records.slice(0, 3));
    // A run of the archive leaves them alone.
    expect((await bench.validateRaw('archive', raw)).error).toBeUndefined();
    expect((await listRows(bench.dependencies, { pipeline: 'clicks', runId: '', limit: 0 })).rows.map(({ contractVersion, status }) => [contractVersion, status])).toEqual(Array.from({ length: 4 }, () => ['1.0.0', 'open']));
    expect((await bench.restate('run-1', raw)).error).toBeUndefined();
    expect(await replayRows(bench.dependencies, { runId: 'run-1', extracted: false })).toEqual({ replayed: 2, superseded: 0, reopened: 0 });
    const states = async () => (await listRows(bench.dependencies, { pipeline: 'clicks', runId: '', limit: 0 })).rows.map(({ line: offset, status, runId }) => [offset, status, runId]);
    const after = [[3, 'open', 'stream-run'], [2, 'replayed', 'stream-run'], [1, 'open', 'stream-run'], [0, 'replayed', 'stream-run']];
    expect(await states()).toEqual(after);
    // A batch that the stream repeats leaves them where they are.
    bench.definition = clicks({ columns, rules: rule(10) });
    await sendBatch(bench, records);
    expect(await states()).toEqual(after);
  });
});
