import { metrics, type Meter } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { createLog } from './log';
import { readEnvironment } from './environment';

const MAX_PORT = 65_535;

/** Seconds; a micro-batch takes milliseconds, a stage of a run minutes. */
const SECONDS = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300];

/** What becomes of records in a stage. */
export type RecordStatus = 'admitted' | 'duplicate' | 'quarantined' | 'filtered' | 'loaded';

/**
 * Serves this process' metrics in Prometheus' text form, on WEIR_METRICS_PORT and the host that the service listens on (127.0.0.1 by default), at /metrics. Undefined where the port is
 * not set or 0: then nothing is measured. Throws INVALID_VALUE; a port that is taken is logged, because work goes on without metrics.
 */
export function metricsReader(service: string): PrometheusExporter | undefined {
  const env = readEnvironment();
  const port = env.integer('WEIR_METRICS_PORT', 0, { min: 0, max: MAX_PORT });
  if (port === 0) return undefined;
  const host = env.text('WEIR_HOST', '127.0.0.1');
  return new PrometheusExporter({ host, port, withoutScopeInfo: true }, (error?: unknown) => {
    if (error) createLog(service).error({ error, port }, 'Metrics cannot be served.');
  });
}

/** Counts records by what became of them in a stage. */
export function countRecords(labels: { pipeline: string; stage: string; status: RecordStatus }, records: number): void {
  if (records > 0) processed().add(records, labels);
}

/** Counts records that a rule refused; `rule` is one of a closed list, such as those of a contract. */
export function countQuarantined(labels: { pipeline: string; rule: string }, records: number): void {
  if (records > 0) quarantined().add(records, labels);
}

/** Counts rows of the quarantine that a run has taken. */
export function countReplayed(labels: { pipeline: string }, rows: number): void {
  if (rows > 0) replayed().add(rows, labels);
}

/** Counts rows of the quarantine that somebody has dropped. */
export function countDropped(labels: { pipeline: string }, rows: number): void {
  if (rows > 0) dropped().add(rows, labels);
}

/** Counts a failure by its error code. */
export function countError({ pipeline, code }: { pipeline: string; code: string }): void {
  errors().add(1, { pipeline, error_type: code });
}

/** Notes how long a stage took, in milliseconds. */
export function observeProcessing(labels: { pipeline: string; stage: string }, milliseconds: number): void {
  processing().record(milliseconds / 1_000, labels);
}

/** Says whether a check passes now. */
export function setCheckPassed(labels: { pipeline: string; check: string }, passed: boolean): void {
  checks().record(passed ? 1 : 0, labels);
}

/** Says how many records of a topic's partition wait to be loaded. */
export function setLag(labels: { pipeline: string; topic: string; partition: number }, records: number): void {
  lag().record(records, labels);
}

const processed = once((meter) => meter.createCounter('weir_records_processed_total', { description: 'Records by what became of them in a stage.' }));
const quarantined = once((meter) => meter.createCounter('weir_quarantined_records_total', { description: 'Records in quarantine by the rule that they break.' }));
const replayed = once((meter) => meter.createCounter('weir_quarantine_replayed_total', { description: 'Rows of the quarantine that a run has taken.' }));
const dropped = once((meter) => meter.createCounter('weir_quarantine_dropped_total', { description: 'Rows of the quarantine that somebody has dropped.' }));
const errors = once((meter) => meter.createCounter('weir_errors_total', { description: 'Failures by error code.' }));
const processing = once((meter) => meter.createHistogram('weir_processing_seconds', { description: 'Time that a stage took.', advice: { explicitBucketBoundaries: SECONDS } }));
const checks = once((meter) => meter.createGauge('weir_check_passed', { description: 'Whether a check passes: 1, or 0.' }));
const lag = once((meter) => meter.createGauge('weir_consumer_lag_records', { description: 'Records of a partition that wait to be loaded.' }));

/** Made at first use: what is made before telemetry has started measures nothing for ever. */
function once<T>(make: (meter: Meter) => T): () => T {
  let made: T | undefined;
  return () => (made ??= make(metrics.getMeter('weir')));
}
