import { join } from 'node:path';
import { generateRetail } from '@weir/generate';
import { tempDir, type TempDir } from '@weir/testkit';
import { TestPlatform } from './platform';
import { apply, retailPipeline } from './retail-pipeline';
import { dangling, servicesIn, tagOf, traceOf } from './trace';

describe('the trace of a run', () => {
  let scratch: TempDir;
  let platform: TestPlatform;

  beforeAll(async () => {
    scratch = await tempDir();
    platform = await TestPlatform.open();
  });
  afterAll(async () => {
    await platform.close();
    await scratch.dispose();
  });

  test('is one trace over all services, without a dangling span', async () => {
    const data = join(scratch.path, 'data');
    await generateRetail(data, { from: '2021-06-01', days: 1, rowsPerDay: 500, seed: 51 });
    const retail = retailPipeline(scratch.path, 'retail_traced', data);
    await apply(retail, platform.state.home);
    const { runId } = await platform.run(retail.name, { start: '2021-06-01', end: '2021-06-02' });
    const { run } = await platform.clients.runs.getRun({ run: runId });
    const wanted = ['ingest', 'quality', 'transform', 'load', 'metadata', 'orchestrator'];
    const trace = await traceOf(platform, run?.traceId ?? '', (found) => wanted.every((service) => servicesIn(found).includes(service)));
    expect(servicesIn(trace)).toEqual(expect.arrayContaining(wanted));
    expect(dangling(trace)).toEqual([]);
    expect(trace.spans.length).toBeLessThan(2_000);
    expect(trace.spans.filter((span) => tagOf(span, 'otel.status_code') === 'ERROR').map(({ operationName }) => operationName)).toEqual([]);
    expect(trace.spans.filter((span) => tagOf(span, 'weir.run.id') === runId)).not.toEqual([]);
  });
});
