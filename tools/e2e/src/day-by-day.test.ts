import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir, type TempDir } from '@weir/testkit';
import { retailTruth, type RetailTruth } from './oracle';
import { TestPlatform, type RunEnd } from './platform';
import { retailData } from './retail-data';
import { apply, copyDays, retailPipeline, type RetailPipeline } from './retail-pipeline';
import { expectSameTables, retailTables } from './tables';

const AT_ONCE = 8;
const DAY_MS = 86_400_000;
/** Six weeks at the busiest time of the year, days without a file among them; WEIR_E2E_ALL_DAYS takes the whole year instead, many minutes. */
const SPAN = process.env['WEIR_E2E_ALL_DAYS'] ? undefined : { from: '2011-10-24', to: '2011-12-05' };
const TIMEOUT_MS = SPAN ? 300_000 : 1_800_000;

function daysOf({ from, to }: { from: string; to: string }): string[] {
  const days: string[] = [];
  for (let at = Date.parse(from); at < Date.parse(to); at += DAY_MS) days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

/** A fixed order that looks like none: by a multiple of the index modulo a prime beyond the number of days. */
function shuffled(days: readonly string[]): string[] {
  return days.map((day, index) => ({ day, rank: (index * 7_919) % 10_007 })).sort((one, other) => one.rank - other.rank).map(({ day }) => day);
}

function dayAfter(day: string): string {
  return new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10);
}

describe('the retail data day by day', () => {
  let scratch: TempDir;
  let platform: TestPlatform;
  let days: string[] = [];
  let truth: RetailTruth;
  let retail: RetailPipeline;

  beforeAll(async () => {
    scratch = await tempDir();
    platform = await TestPlatform.open();
    const data = await retailData(scratch.path);
    days = daysOf(SPAN ?? data);
    const folder = copyDays(data.folder, join(scratch.path, 'days'), days.filter((day) => existsSync(join(data.folder, `${day}.csv`))));
    truth = retailTruth(folder);
    retail = retailPipeline(scratch.path, 'retail_daily', folder);
    await apply(retail, platform.state.home);
  }, 120_000);
  afterAll(async () => {
    await platform.close();
    await scratch.dispose();
  });

  test('in no order, eight days at a time, gives the tables of one run over all of it', async () => {
    const waiting = shuffled(days);
    const ends: RunEnd[] = [];
    const worker = async (): Promise<void> => {
      for (let day = waiting.pop(); day !== undefined; day = waiting.pop()) ends.push(await platform.run(retail.name, { start: day, end: dayAfter(day) }));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const total = (count: (end: RunEnd) => number): number => ends.reduce((sum, end) => sum + count(end), 0);
    expect({
      read: total(({ accounts }) => accounts.read),
      admitted: total(({ accounts }) => accounts.admitted),
      duplicate: total(({ accounts }) => accounts.duplicate),
      quarantined: total(({ accounts }) => accounts.quarantined),
    }).toEqual(truth.accounts);
    expectSameTables(await retailTables(platform.warehouse, retail.name), truth.tables);
  }, TIMEOUT_MS);
});
