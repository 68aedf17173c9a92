import { weir } from './command-line';
import { useHouse } from './house';
import { apply, retailPipeline } from './retail-pipeline';
import { expectSameTables, retailTables } from './tables';
import { tagOf, traceOf, type Span, type Trace } from './trace';

/** Customers must all be known, and that is critical: no day of this data passes. */
function strict(path: string, text: string): string {
  if (path !== 'contract.odcs.yaml') return text;
  return text.replace('mustBeLessOrEqualTo: 30\n            unit: percent\n            severity: warning', 'mustBeLessOrEqualTo: 0\n            unit: percent\n            severity: error');
}

describe('a critical dataset check that fails', () => {
  const house = useHouse();

  test('ends the command with 1, leaves destination and snapshots as they were, and is red in the trace', async () => {
    const { home } = house.platform.state;
    const retail = await house.retail('retail_refused', { from: '2021-05-03', days: 2, rowsPerDay: 1_000, seed: 41 });
    await house.platform.run(retail.name, { start: '2021-05-03', end: '2021-05-04' });
    const tables = await retailTables(house.platform.warehouse, retail.name);
    const snapshots = await house.platform.clients.catalog.listDatasets({ pipeline: retail.name });

    await apply(retailPipeline(house.scratch, retail.name, retail.data, strict), home);
    const { code, stdout } = await weir(['run', retail.name, '--interval', '2021-05-03/2021-05-05', '--watch', '--json'], home);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining('CHECK_FAILED') as unknown });

    expectSameTables(await retailTables(house.platform.warehouse, retail.name), tables);
    expect(await house.platform.clients.catalog.listDatasets({ pipeline: retail.name })).toEqual(snapshots);

    const { runs } = await house.platform.clients.runs.listRuns({ pipeline: retail.name, limit: 1, status: 'RUN_STATUS_FAILED', backfill: '' });
    expect(runs[0]).toMatchObject({ verdict: 'VERDICT_FAILED', error: { code: 'CHECK_FAILED', stage: 'validate' } });
    const red = ({ spans }: Trace): Span[] => spans.filter((span) => tagOf(span, 'otel.status_code') === 'ERROR');
    const atStage = (span: Span): boolean => span.operationName.includes('validate') || tagOf(span, 'weir.stage') === 'validate';
    const trace = await traceOf(house.platform, runs[0]?.traceId ?? '', (found) => red(found).some(atStage));
    expect(red(trace).filter(atStage).map((span) => tagOf(span, 'weir.error.code'))).toContain('CHECK_FAILED');
  });
});
