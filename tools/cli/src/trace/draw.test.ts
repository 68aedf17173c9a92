import { drawTrace } from './draw';
import type { Span } from './span';

const root: Span = { id: 'a', service: 'weir-orchestrator', name: 'RunWorkflow:pipelineRun', start: 1_000, duration: 100 };
const extract: Span = { id: 'b', parent: 'a', service: 'weir-ingest', name: 'Extract', start: 1_000, duration: 50 };
const validate: Span = {
  id: 'c',
  parent: 'a',
  service: 'weir-quality',
  name: 'Validate',
  start: 1_050,
  duration: 50,
  error: { code: 'FILE_TRUNCATED', reason: 'a.csv ends in the middle of a row.', samples: ['a.csv:17: 3 of 8 fields'] },
};

describe('drawing a trace', () => {
  it('gives a line a span with service, time, and a bar where in the trace it ran', () => {
    expect(drawTrace([root, extract])).toEqual([
      'orchestrator RunWorkflow:pipelineRun     100.0 ms  ━━━━━━━━━━━━━━━━━━━━━━━━',
      '└ ingest Extract                          50.0 ms  ━━━━━━━━━━━━',
    ]);
  });

  it('says code, reason and samples below the span that failed', () => {
    const lines = drawTrace([root, extract, validate]).map((line) => line.trimEnd());
    expect(lines.slice(2)).toEqual([
      '└ quality Validate                        50.0 ms              ━━━━━━━━━━━━',
      '     FILE_TRUNCATED: a.csv ends in the middle of a row.',
      '       a.csv:17: 3 of 8 fields',
    ]);
  });
});
