import { parseBackfillInput } from './backfill-request';

const RANGE = { pipeline: 'retail', interval: { start: '2010-12-01', end: '2011-12-10' } };

function codeOf(input: unknown): string {
  try {
    parseBackfillInput(input);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'accepted';
}

describe('the input of a backfill', () => {
  it('needs a pipeline and a range; the rest has defaults', () => {
    expect(parseBackfillInput(RANGE)).toEqual({
      pipeline: 'retail',
      interval: { start: '2010-12-01T00:00:00Z', end: '2011-12-10T00:00:00Z' },
      only: 'missing',
      order: 'oldest',
      parallelism: 4,
      ratePerMinute: undefined,
      reason: undefined,
    });
  });

  it('is what an execution hands to the next: it reads its own canonical form', () => {
    const request = parseBackfillInput({ ...RANGE, only: 'stale', order: 'newest', parallelism: 64, ratePerMinute: 0.5, reason: 'new rates' });
    expect(parseBackfillInput(JSON.parse(JSON.stringify(request)))).toEqual(request);
  });

  it.each([
    [undefined, 'INVALID_VALUE'],
    [{ interval: RANGE.interval }, 'MISSING_KEY'],
    [{ pipeline: 'retail' }, 'MISSING_KEY'],
    [{ ...RANGE, interval: null }, 'MISSING_KEY'],
    [{ ...RANGE, interval: { start: '2010-12-01', end: 'soon' } }, 'INVALID_INTERVAL'],
    [{ ...RANGE, only: 'done' }, 'INVALID_VALUE'],
    [{ ...RANGE, order: 'random' }, 'INVALID_VALUE'],
    [{ ...RANGE, parallelism: 0 }, 'INVALID_VALUE'],
    [{ ...RANGE, parallelism: 65 }, 'INVALID_VALUE'],
    [{ ...RANGE, parallelism: 1.5 }, 'INVALID_VALUE'],
    [{ ...RANGE, parallelism: '4' }, 'INVALID_VALUE'],
    [{ ...RANGE, ratePerMinute: 0 }, 'INVALID_VALUE'],
    [{ ...RANGE, ratePerMinute: 'fast' }, 'INVALID_VALUE'],
    [{ ...RANGE, paralellism: 4 }, 'UNKNOWN_KEY'],
  ])('is refused with its code when it is %j', (input, code) => {
    expect(codeOf(input)).toBe(code);
  });
});
