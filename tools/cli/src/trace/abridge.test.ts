import { abridge } from './abridge';
import type { Span } from './span';

const span = (id: string, name: string, parent?: string, failed = false): Span => ({ id, parent, service: 'weir-load', name, start: 0, duration: 1, error: failed ? { code: 'UNAVAILABLE', reason: 'gone', samples: [] } : undefined, runId: undefined });

test('an abridged trace leaves out statements and book-keeping with all below them', () => {
  const spans = [span('1', 'weir run'), span('2', 'load retail.lines', '1'), span('3', 'pg.query:SELECT warehouse', '2'), span('4', 'grpc.weir.metadata.v1.RunService/RecordStage', '1'), span('5', 'anything below', '4')];
  expect(abridge(spans).map(({ id }) => id)).toEqual(['1', '2']);
});

test('an abridged trace keeps what failed and everything above it', () => {
  const spans = [span('1', 'weir run'), span('2', 'lake put', '1'), span('3', 'pg.query:COMMIT warehouse', '2', true), span('4', 'pg.query:SELECT warehouse', '2')];
  expect(abridge(spans).map(({ id }) => id)).toEqual(['1', '2', '3']);
});
