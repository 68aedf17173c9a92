import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Days } from './platform';
import { retailData } from './retail-data';
import { copyDays } from './retail-pipeline';

const DAY_MS = 86_400_000;

/** Six weeks at the busiest time of the year, days without a file among them; WEIR_E2E_ALL_DAYS takes the whole year instead, many minutes. */
const SPAN: Days | undefined = process.env['WEIR_E2E_ALL_DAYS'] ? undefined : { start: '2011-10-24', end: '2011-12-05' };

/** Daily files of the retail data in a folder of the test's own. */
export interface RetailDays extends Days {
  readonly folder: string;
  /** Days from start to end, with a file or without. */
  readonly count: number;
}

/** Copies the days that end-to-end tests take one by one; generated ones where the real data is not there. */
export async function retailDays(scratch: string): Promise<RetailDays> {
  const data = await retailData(scratch);
  const { start, end } = SPAN ?? { start: data.from, end: data.to };
  const days = Array.from({ length: (Date.parse(end) - Date.parse(start)) / DAY_MS }, (_, index) => new Date(Date.parse(start) + index * DAY_MS).toISOString().slice(0, 10));
  const folder = copyDays(data.folder, join(scratch, 'days'), days.filter((day) => existsSync(join(data.folder, `${day}.csv`))));
  return { folder, start, end, count: days.length };
}
