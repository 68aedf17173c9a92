import { standing } from './open-runs';

test.each([
  ['running', 'validate', 'validate'],
  ['paused', 'extract', 'paused after extract'],
  ['paused', '', 'paused after nothing'],
  ['approval', 'audit', 'waits for approval'],
] as const)('an open run of a backfill that is %s in %s reads: %s', (state, stage, words) => {
  expect(standing({ state, stage })).toBe(words);
});
