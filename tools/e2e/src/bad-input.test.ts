import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import { generateRetail } from '@weir/generate';
import { until } from '@weir/testkit';
import { useHouse } from './house';
import { retailTruth } from './oracle';
import { type Days, type RunEnd } from './platform';
import { apply, retailPipeline } from './retail-pipeline';
import { expectSameTables, retailTables } from './tables';

const DAYS: Days = { start: '2021-07-05', end: '2021-07-08' };

/** The code and message with which a run failed. */
async function failure(run: Promise<RunEnd>): Promise<{ code: string | null | undefined; message: string }> {
  try {
    const end = await run;
    return { code: undefined, message: `The run succeeded at snapshot ${end.snapshot}.` };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const cause = error.cause as { type?: string | null; message: string };
    return { code: cause.type, message: cause.message };
  }
}

describe('bad input to the platform', () => {
  const house = useHouse();
  let data = '';

  beforeAll(async () => {
    ({ data } = await house.retail('retail_bad', { from: DAYS.start, days: 3, rowsPerDay: 2_000, seed: 61 }));
  });

  test('a second run over a day that another run holds is refused and names the holder', async () => {
    const first = await house.platform.start('retail_bad', DAYS, 'first/retail_bad');
    await until(async () => (await house.platform.clients.runs.listRuns({ pipeline: 'retail_bad', limit: 10, status: 'RUN_STATUS_RUNNING', backfill: '' })).runs.length > 0, { timeoutMs: 30_000, what: 'The first run holding its days' });
    const second = await house.platform.start('retail_bad', { start: '2021-07-06', end: '2021-07-07' }, 'second/retail_bad');
    expect(await failure(second.result() as Promise<RunEnd>)).toMatchObject({ code: 'INTERVAL_BUSY', message: expect.stringContaining('first/retail_bad') as unknown });
    await first.result();
    expectSameTables(await retailTables(house.platform.warehouse, 'retail_bad'), retailTruth(data).tables);
  });

  test('an interval that is no whole number of days is refused', async () => {
    expect(await failure(house.platform.run('retail_bad', { start: '2021-07-05T01:00:00Z', end: '2021-07-06' }))).toMatchObject({ code: 'INVALID_INTERVAL' });
    expect(await failure(house.platform.run('retail_bad', { start: '2021-07-06', end: '2021-07-05' }))).toMatchObject({ code: 'INVALID_INTERVAL' });
  });

  test('a pipeline that was never applied is refused by its name', async () => {
    expect(await failure(house.platform.run('retail_nobody', DAYS))).toMatchObject({ code: 'PIPELINE_NOT_FOUND', message: expect.stringContaining('retail_nobody') as unknown });
  });

  test('a folder that is not there fails the run, although days without a file are allowed', async () => {
    const missing = join(house.scratch, 'nowhere');
    await apply(retailPipeline(house.scratch, 'retail_missing', missing), house.platform.state.home);
    expect(await failure(house.platform.run('retail_missing', DAYS))).toMatchObject({ code: 'SOURCE_MISSING', message: expect.stringContaining('nowhere') as unknown });
  });

  test('damage to a file fails the run and leaves destination and snapshots as they were', async () => {
    const { data: broken } = await house.retail('retail_broken', { from: DAYS.start, days: 3, rowsPerDay: 500, seed: 62 });
    await house.platform.run('retail_broken', DAYS);
    const tables = await retailTables(house.platform.warehouse, 'retail_broken');
    const snapshots = await house.platform.clients.catalog.listDatasets({ pipeline: 'retail_broken' });
    const file = join(broken, '2021-07-06.csv');
    const sound = readFileSync(file);
    const damages: [string, Buffer][] = [
      ['HEADER_MISMATCH', Buffer.from(sound.toString().replace('UnitPrice', 'Price'))],
      ['FILE_TRUNCATED', sound.subarray(0, sound.lastIndexOf(',', sound.length - 40))],
      ['FILE_MALFORMED', Buffer.concat([sound, Buffer.from('536365,85123A,"never closed,6,2010-12-01 08:26:00,2.55,17850.0,France\n')])],
    ];
    for (const [code, bytes] of damages) {
      writeFileSync(file, bytes);
      expect(await failure(house.platform.run('retail_broken', DAYS))).toMatchObject({ code });
    }
    expectSameTables(await retailTables(house.platform.warehouse, 'retail_broken'), tables);
    expect(await house.platform.clients.catalog.listDatasets({ pipeline: 'retail_broken' })).toEqual(snapshots);
  });

  test('damaged lines go to quarantine with reason and original bytes, the rest is loaded', async () => {
    const dirty = join(house.scratch, 'dirty');
    await generateRetail(dirty, { from: DAYS.start, days: 1, rowsPerDay: 2_000, seed: 63, brokenShare: 0.01 });
    const truth = retailTruth(dirty);
    await apply(retailPipeline(house.scratch, 'retail_dirty', dirty), house.platform.state.home);
    const { runId, accounts } = await house.platform.run('retail_dirty', { start: DAYS.start, end: '2021-07-06' });
    expect(accounts).toEqual({ ...truth.accounts, filtered: 0 });
    const { rows } = await house.platform.clients.quarantine.listRows({ pipeline: 'retail_dirty', runId, limit: 1_000 });
    const found = new Map(rows.map((row) => [`${row.file}:${row.line}`, Buffer.from(row.original).toString('latin1').replace(/\n$/, '')]));
    expect(found).toEqual(new Map([...truth.quarantine].map(([place, { bytes }]) => [place, bytes.toString('latin1')])));
    expect(rows.every(({ rules, reason }) => rules.length > 0 && reason !== '')).toBe(true);
    expectSameTables(await retailTables(house.platform.warehouse, 'retail_dirty'), truth.tables);
  });
});
