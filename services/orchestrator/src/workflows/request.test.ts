import { parseRefreshInput, parseRunInput } from './request';

function codeOf(input: unknown): string {
  try {
    parseRunInput(input);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'accepted';
}

describe('the input of a run', () => {
  it('is brought to its canonical form', () => {
    expect(parseRunInput({ pipeline: 'retail', interval: { start: '2010-12-01', end: '2010-12-02T00:00' } })).toEqual({
      pipeline: 'retail',
      kind: 'manual',
      interval: { start: '2010-12-01T00:00:00Z', end: '2010-12-02T00:00:00Z' },
    });
  });

  it('takes a JSON null for an absent interval', () => {
    expect(parseRunInput({ pipeline: 'hello', interval: null })).toEqual({ pipeline: 'hello', kind: 'manual', interval: undefined });
  });

  it('may repeat another run, from its raw segments or only its delivery', () => {
    expect(parseRunInput({ pipeline: 'retail', from: 'raw', retryOf: 'r1', backfill: 'backfill/retail/b' })).toMatchObject({ from: 'raw', retryOf: 'r1', backfill: 'backfill/retail/b' });
    expect(parseRunInput({ pipeline: 'retail', from: 'delivery' })).toMatchObject({ from: 'delivery' });
    expect(parseRunInput({ pipeline: 'clicks', from: 'raw' })).toMatchObject({ from: 'raw', retryOf: undefined });
  });

  it('may extend an archive, as streamArchive asks for it', () => {
    const ranges = [[0, 5, 10, 0, 1_700_000_000_000]];
    const asked = { pipeline: 'clicks', interval: { start: '2026-01-01T10:00', end: '2026-01-01T11:00' }, ranges };
    expect(parseRunInput(asked)).toEqual({ pipeline: 'clicks', kind: 'refresh', from: 'source', interval: { start: '2026-01-01T10:00:00Z', end: '2026-01-01T11:00:00Z' }, ranges });
  });

  it('has at most 1,000 ranges', () => {
    const ranges = Array.from({ length: 1_001 }, (_, partition) => [partition, 0, 1, 0, 1]);
    expect([codeOf({ pipeline: 'clicks', ranges: ranges.slice(1) }), codeOf({ pipeline: 'clicks', ranges })]).toEqual(['accepted', 'INVALID_VALUE']);
  });

  it.each([
    [undefined, 'INVALID_VALUE'],
    ['retail', 'INVALID_VALUE'],
    [[{ pipeline: 'retail' }], 'INVALID_VALUE'],
    [{}, 'MISSING_KEY'],
    [{ pipeline: '' }, 'INVALID_VALUE'],
    [{ pipeline: 7 }, 'INVALID_VALUE'],
    [{ pipeline: 'retail', intervall: {} }, 'UNKNOWN_KEY'],
    [{ pipeline: 'retail', kind: 'refresh' }, 'INVALID_VALUE'],
    [{ pipeline: 'retail', from: 'load' }, 'INVALID_VALUE'],
    [{ pipeline: 'clicks', ranges: [] }, 'INVALID_VALUE'],
    [{ pipeline: 'clicks', ranges: [[0, 5, 5, 0, 1]] }, 'INVALID_VALUE'],
    [{ pipeline: 'clicks', ranges: [[0, 5, 10, 0]] }, 'INVALID_VALUE'],
    [{ pipeline: 'clicks', ranges: [[0, 5, 10, 0, 0.5]] }, 'INVALID_VALUE'],
    [{ pipeline: 'clicks', ranges: [[0, 5, 10, 0, 1]], from: 'raw' }, 'UNKNOWN_KEY'],
    [{ pipeline: 'retail', retryOf: 7 }, 'INVALID_VALUE'],
    [{ pipeline: 'retail', interval: '2010-12-01/2010-12-02' }, 'INVALID_VALUE'],
    [{ pipeline: 'retail', interval: { start: '2010-12-01' } }, 'INVALID_INTERVAL'],
    [{ pipeline: 'retail', interval: { start: '2010-13-01', end: '2010-12-02' } }, 'INVALID_INTERVAL'],
    [{ pipeline: 'retail', interval: { start: '2010-12-01', end: '2010-12-02', step: 1 } }, 'UNKNOWN_KEY'],
  ])('is refused with a code when it is %j', (input, code) => {
    expect(codeOf(input)).toBe(code);
  });

  it('names the value that is wrong without repeating all of it', () => {
    expect(() => parseRunInput({ pipeline: 'x'.repeat(5_000) })).toThrow(/^pipeline is `"x{99}`\.$/);
  });
});

describe('the input of a refresh', () => {
  it('needs no waiting runs', () => {
    expect(parseRefreshInput({ pipeline: 'retail' })).toEqual({ pipeline: 'retail', waiting: [] });
  });
});
