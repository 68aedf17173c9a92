import { createServer } from 'node:net';
import { countError, countQuarantined, countRecords, metricsReader, observeProcessing, setCheckPassed } from './metrics';
import { startTelemetry, stopTelemetry } from './telemetry';

const VARIABLES = ['WEIR_METRICS_PORT', 'WEIR_HOST', 'OTEL_SDK_DISABLED', 'WEIR_OTLP_ENDPOINT'] as const;
const before = VARIABLES.map((name) => [name, process.env[name]] as const);
afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

test('without a port nothing is served, and one that is none is refused', () => {
  delete process.env['WEIR_METRICS_PORT'];
  expect(metricsReader('test')).toBeUndefined();
  process.env['WEIR_METRICS_PORT'] = '0';
  expect(metricsReader('test')).toBeUndefined();
  process.env['WEIR_METRICS_PORT'] = 'many';
  expect(() => metricsReader('test')).toThrow('WEIR_METRICS_PORT');
});

test('what is counted and timed is served in the form of Prometheus, by the names of the design', async () => {
  const port = await freePort();
  delete process.env['OTEL_SDK_DISABLED'];
  Object.assign(process.env, { WEIR_METRICS_PORT: String(port), WEIR_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
  startTelemetry('test');
  try {
    countRecords({ pipeline: 'clicks', stage: 'validate', status: 'admitted' }, 40);
    countRecords({ pipeline: 'clicks', stage: 'validate', status: 'admitted' }, 2);
    countRecords({ pipeline: 'clicks', stage: 'validate', status: 'duplicate' }, 0);
    countQuarantined({ pipeline: 'clicks', rule: 'type:n' }, 3);
    countError({ pipeline: 'clicks', code: 'UNAVAILABLE' });
    observeProcessing({ pipeline: 'clicks', stage: 'validate' }, 700);
    setCheckPassed({ pipeline: 'clicks', check: 'clicks.n.nullValues' }, true);
    setCheckPassed({ pipeline: 'clicks', check: 'clicks.n.nullValues' }, false);
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    const lines = (await response.text()).split('\n').filter((line) => line.startsWith('weir_'));
    expect(lines).toEqual(
      expect.arrayContaining([
        'weir_records_processed_total{pipeline="clicks",stage="validate",status="admitted"} 42',
        'weir_quarantined_records_total{pipeline="clicks",rule="type:n"} 3',
        'weir_errors_total{pipeline="clicks",error_type="UNAVAILABLE"} 1',
        'weir_processing_seconds_bucket{pipeline="clicks",stage="validate",le="0.5"} 0',
        'weir_processing_seconds_bucket{pipeline="clicks",stage="validate",le="1"} 1',
        'weir_processing_seconds_sum{pipeline="clicks",stage="validate"} 0.7',
        'weir_check_passed{pipeline="clicks",check="clicks.n.nullValues"} 0',
      ]),
    );
    expect(lines.filter((line) => line.includes('duplicate'))).toEqual([]);
    expect(lines.flatMap((line) => /,le="([^"]+)"/.exec(line)?.[1] ?? [])).toEqual(['0.1', '0.5', '1', '2', '5', '10', '30', '60', '300', '+Inf']);
  } finally {
    await stopTelemetry();
  }
});
