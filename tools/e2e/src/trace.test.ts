import { useHouse } from './house';
import { dangling, servicesIn, tagOf, traceOf } from './trace';

describe('the trace of a run', () => {
  const house = useHouse();

  test('is one trace over all services, without a dangling span', async () => {
    const retail = await house.retail('retail_traced', { from: '2021-06-01', days: 1, rowsPerDay: 500, seed: 51 });
    const { runId } = await house.platform.run(retail.name, { start: '2021-06-01', end: '2021-06-02' });
    const { run } = await house.platform.clients.runs.getRun({ run: runId });
    const wanted = ['ingest', 'quality', 'transform', 'load', 'metadata', 'orchestrator'];
    const trace = await traceOf(house.platform, run?.traceId ?? '', (found) => wanted.every((service) => servicesIn(found).includes(service)));
    expect(servicesIn(trace)).toEqual(expect.arrayContaining(wanted));
    expect(dangling(trace)).toEqual([]);
    expect(trace.spans.length).toBeLessThan(2_000);
    expect(trace.spans.filter((span) => tagOf(span, 'otel.status_code') === 'ERROR').map(({ operationName }) => operationName)).toEqual([]);
    expect(trace.spans.filter((span) => tagOf(span, 'weir.run.id') === runId)).not.toEqual([]);
  });
});
