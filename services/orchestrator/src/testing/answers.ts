import { RuleOutcome, Severity, Verdict, type BeginRunResponse, type ConsumeResponse, type SegmentSet, type ValidateResult } from '@weir/rpc';

/** What the far side answers where a test does not say otherwise. */

export const segments = (name: string, rows: number): SegmentSet => ({ manifest: `manifest/${name}.json`, sha256: 'a'.repeat(64), rows, bytes: rows * 10 });

/** Delays are short so that tests of counted retries take no minutes; everything else is the default policy. */
export const BEGUN: BeginRunResponse = {
  definitionVersion: 3,
  fence: 7,
  hasHistoryModels: false,
  hasIntervalModels: true,
  destinations: 1,
  retries: 2,
  retryDelayMs: 300,
  executionTimeoutMs: 3_600_000,
  snapshot: 0,
  raw: undefined,
  approvalOnWarning: false,
  upstream: [],
  topic: '',
  rawOnly: false,
};

export const CONSUMING: ConsumeResponse = {
  state: 'consuming',
  partitions: [0, 1],
  lag: 3,
  read: 100,
  admitted: 90,
  duplicate: 7,
  quarantined: 3,
  filtered: 0,
  batches: 10,
  recordsPerSecond: 12.5,
  latencyP50Ms: 20,
  latencyP99Ms: 45,
  newest: '2026-01-01T00:00:00.000Z',
  rebalances: 1,
  refused: 0,
};

export function validated(): ValidateResult {
  return {
    bronze: segments('bronze', 90),
    accounts: { read: 100, admitted: 90, duplicate: 7, quarantined: 3, filtered: 0 },
    checks: [],
    verdict: Verdict.PASSED,
    score: 100,
    rules: [{ rule: 'price', severity: Severity.CRITICAL, outcome: RuleOutcome.QUARANTINE, rows: 3, samples: ['a.csv:2: price'] }],
  };
}
