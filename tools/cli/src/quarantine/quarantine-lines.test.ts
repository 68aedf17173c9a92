import { connect, QuarantineServiceService, serve, unary, type GetRowResponse, type QuarantinedRow, type TryRowsRequest } from '@weir/rpc';
import { hexDump } from './hex-dump';
import { replayLines } from './replay';
import { rowDetail } from './row-detail';
import { parseRow, rowFilterOf } from './row-options';
import { rowLines } from './row-table';
import { tryAll } from './trial';
import { trialLines } from './trial-lines';

const ROW: QuarantinedRow = { id: 17, runId: 'run-1', dataset: 'orders', file: 'a.csv', line: 4, byteOffset: 30, byteLength: 5, partition: '2010-12-01T00:00:00Z', rules: ['type:n', 'small'], reason: 'No number.', original: Buffer.alloc(0), originalPath: '', quarantinedAt: '2026-01-02T03:04:05.678Z', key: Buffer.alloc(0), headers: '', traceparent: '', status: 'open', contractVersion: '1.0.0', stage: 'validate', table: '' };

test('a list has a line for each row, and counts of all that match', () => {
  const lines = rowLines([ROW, { ...ROW, id: 16, rules: ['a', 'b', 'c', 'd', 'e'] }], { rows: 2_500, rules: [{ rule: 'type:n', rows: 2_400 }, { rule: 'small', rows: 101 }] }).join('\n');
  expect(lines).toMatch(/^ +17 +a\.csv:4 +type:n, small +orders +2026-01-02T03:04:05 +1\.0\.0 +open$/m);
  expect(lines).toMatch(/^ +16 .* a, b, c, 2 more /m);
  expect(lines).toMatch(/^ +2,400 +type:n$/m);
  expect(lines).toContain('2,500 rows, the newest 2 are shown.');
});

describe('a row', () => {
  const answer = (original: string | Buffer | undefined, changes: Partial<QuarantinedRow> = {}): GetRowResponse => ({ row: { ...ROW, byteLength: original === undefined ? 0 : Buffer.byteLength(original), ...changes }, pipeline: 'retail', original: original === undefined ? undefined : Buffer.from(original), events: [], rules: [{ rule: 'type:n', text: 'n is no number' }] });

  test('is shown with its rules, as text where it is text, and without what would move the cursor', () => {
    const lines = rowDetail(answer('é,\u001b[2J\nb', { key: Buffer.from([0xff]), headers: '{"a":"\\u001b"}', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` })).join('\n');
    expect(lines).toContain('type:n  n is no number');
    expect(lines).toContain('  é,\\x1b[2J\n  b');
    expect(lines).toMatch(/key +0xff/);
    expect(lines).toMatch(new RegExp(`trace +${'a'.repeat(32)}$`, 'm'));
    expect(lines).not.toContain('\u001b[2J');
    expect(rowDetail(answer('x'), 'c'.repeat(32)).join('\n')).toMatch(new RegExp(`run trace +${'c'.repeat(32)}$`, 'm'));
  });

  test('is shown as numbers where it is no text, and says when it was cut or is gone', () => {
    expect(rowDetail(answer(Buffer.from([0xff, 0x41]))).join('\n')).toContain('00000000  ff 41 ');
    // A cut in the middle of a character is still text.
    expect(rowDetail(answer(Buffer.from('aé').subarray(0, 2), { byteLength: 9 })).join('\n')).toMatch(/the first 2 are shown: --full shows more\n {2}a$/);
    expect(rowDetail(answer(undefined, { status: 'dropped' })).join('\n')).toContain('was removed');
  });

  test('tells what became of it', () => {
    const event = { at: '2026-01-03T00:00:00.000Z', status: 'replayed', by: 'ada', why: 'the contract admitted it', runId: 'run-2', contractVersion: '2.0.0' };
    expect(rowDetail({ ...answer('x'), events: [event] }).at(-1)).toBe('  2026-01-03T00:00:00  replayed  by ada, the contract admitted it, run run-2, contract 2.0.0');
  });
});

test('sixteen bytes a line', () => {
  expect(hexDump(Buffer.from('0123456789abcdef\n~'))).toEqual(['00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef', '00000010  0a 7e                                            .~']);
});

test('a trial adds its pages up', async () => {
  const pages = [
    { contractVersion: '2.0.0', cursor: 'x', grains: [{ partition: 'a', open: 3, landing: 1, retryOf: '', marks: [] }, { partition: 'b', open: 1, landing: 0, retryOf: '', marks: [] }], rules: [{ rule: 'r', landing: 1, staying: 3, samples: ['#1 a.csv:2: why'] }] },
    { contractVersion: '2.0.0', cursor: '', grains: [{ partition: 'b', open: 2, landing: 2, retryOf: '', marks: [] }], rules: [{ rule: 'r', landing: 2, staying: 0, samples: [] }] },
  ];
  const asked: string[] = [];
  const tryRows = unary(({ cursor }: TryRowsRequest) => {
    asked.push(cursor);
    const page = pages[asked.length - 1];
    return page ? Promise.resolve(page) : Promise.reject(new Error('No page.'));
  });
  const server = await serve({ host: '127.0.0.1', port: 0, services: [[QuarantineServiceService, { tryRows }]], reflection: false });
  server.setReady(true);
  const clients = connect({ quality: `127.0.0.1:${server.port}` });
  const trial = await tryAll(clients, 'retail', rowFilterOf({}));
  clients.close();
  await server.drain(100);
  expect(asked).toEqual(['', 'x']);
  expect(trial).toMatchObject({ open: 6, landing: 3, grains: [{ partition: 'a', open: 3 }, { partition: 'b', open: 3, landing: 2 }], rules: [{ landing: 3, staying: 3 }] });
  const lines = trialLines(trial).join('\n');
  expect(lines).toContain('3 of 6 open rows would land. A replay would run 2 grains again from raw. Nothing was written.');
  expect(lines).toContain('#1 a.csv:2: why');
  expect(trialLines({ ...trial, open: 0, landing: 0, grains: [], rules: [] })).toEqual(['  No open rows.']);
});

test('what came of a replay', () => {
  const lines = replayLines({ pipeline: 'retail', tried: 9, landing: 5, waiting: 2, grains: 3, succeeded: 1, failed: 1, cancelled: 0, busy: 1, runs: 3, failures: [{ grain: 'g', runId: 'r', code: 'RAW_EXPIRED' }], contractVersion: '2.0.0', openBefore: 9, openAfter: 7, replayed: 2, action: 1 });
  expect(lines[0]).toContain('Replayed 2 rows under contract 2.0.0, in 1 of 3 grains; open rows: 9 before, 7 now.');
  expect(lines.slice(1).join('\n')).toMatch(/2 are not in the archive.*\n.*1 grains were held.*\n.*RAW_EXPIRED in grain g: weir runs show r/);
});

test('options say which rows', () => {
  expect(rowFilterOf({ rule: 'r', grain: '2010-12-01', row: ['17', '#18'], before: '2026-01-01T10:00:00Z' })).toEqual({ runId: '', rule: 'r', partition: '2010-12-01T00:00:00Z', rows: [17, 18], before: '2026-01-01T10:00:00Z' });
  for (const options of [{ row: ['x'] }, { grain: 'soon' }, { before: 'now' }]) expect(() => rowFilterOf(options)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE', place: `--${Object.keys(options)[0]}` }) as Error);
  expect(() => parseRow('0', '<row>')).toThrow(expect.objectContaining({ place: '<row>' }) as Error);
});
