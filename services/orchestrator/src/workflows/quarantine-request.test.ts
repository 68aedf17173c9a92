import { parseReplayInput } from './quarantine-request';

function codeOf(input: unknown): string {
  try {
    parseReplayInput(input);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'accepted';
}

describe('the input of a replay', () => {
  it('needs a pipeline; the rate has a default', () => {
    expect(parseReplayInput({ pipeline: 'retail' })).toEqual({ pipeline: 'retail', ratePerMinute: 60 });
  });

  it('is what an execution hands to the next: it reads its own canonical form', () => {
    const request = parseReplayInput({ pipeline: 'retail', run: 'r', rule: 'type:n', grain: '2010-12-01', rows: [3, 4], before: '2026-01-01', ratePerMinute: 0.5, reason: 'mended', by: 'ada' });
    expect(request).toMatchObject({ grain: '2010-12-01T00:00:00Z', before: '2026-01-01T00:00:00Z' });
    expect(parseReplayInput(JSON.parse(JSON.stringify(request)))).toEqual(request);
    expect(parseReplayInput({ pipeline: 'retail', grain: 'all' }).grain).toBe('all');
  });

  it.each([
    [undefined, 'INVALID_VALUE'],
    ['retail', 'INVALID_VALUE'],
    [{}, 'MISSING_KEY'],
    [{ pipeline: 'retail', dryRun: true }, 'UNKNOWN_KEY'],
    [{ pipeline: 'retail', grain: 'yesterday' }, 'INVALID_INTERVAL'],
    [{ pipeline: 'retail', rows: [] }, 'INVALID_VALUE'],
    [{ pipeline: 'retail', rows: [1.5] }, 'INVALID_VALUE'],
    [{ pipeline: 'retail', rows: Array.from({ length: 1_001 }, (_, n) => n + 1) }, 'INVALID_VALUE'],
    [{ pipeline: 'retail', ratePerMinute: 0 }, 'INVALID_VALUE'],
    [{ pipeline: 'retail', ratePerMinute: 6_001 }, 'INVALID_VALUE'],
    [{ pipeline: 'retail', reason: 'x'.repeat(501) }, 'INVALID_VALUE'],
  ])('%j is refused as %s', (input, code) => {
    expect(codeOf(input)).toBe(code);
  });
});
