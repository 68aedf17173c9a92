import type { Accounts, GetRunResponse, RuleCount, Run } from '@weir/rpc';
import { colour, count, seconds } from '../output';
import { brokenRules } from '../run-report';
import { elapsedMs, outcomeWord, paintedOutcome, paintedStatus, statusWord } from '../run-words';
import type { Comparison } from './comparison';

/** A run's end as the demo tells it: how it ended, its accounts, the rules that rows broke, its error. */
export function runLines({ run, stages }: GetRunResponse): string[] {
  if (!run) return [];
  const accounts = accountsText(run.accounts);
  const { error } = run;
  return [
    `${paintedStatus(run.status)} in ${seconds(elapsedMs(run.startedAt, run.endedAt, 0))}${accounts && `: ${accounts}`}`,
    ...brokenRules(stages).flatMap(ruleLines),
    ...(error ? [`${colour.bad(error.code)}  ${error.place}`, error.message, ...(error.fix ? [`Fix: ${error.fix}`] : [])] : []),
  ];
}

/** A sample is `place: reason`. */
function ruleLines({ rule, rows, outcome, samples: [first = ''] }: RuleCount): string[] {
  const [place = '', ...reason] = first.split(': ');
  return [`${colour.name(rule)}: ${count(rows)} rows ${paintedOutcome(outcome)}, the first at ${place}`, `  ${reason.join(': ')}`];
}

/** `read 200 = admitted 195 + filtered 5`: what is zero is left out. */
function accountsText(accounts: Accounts | undefined): string {
  if (!accounts || accounts.read === 0) return '';
  const parts = (['admitted', 'duplicate', 'quarantined', 'filtered'] as const).filter((name) => accounts[name] > 0);
  return `read ${count(accounts.read)} = ${parts.map((name) => `${name} ${count(accounts[name])}`).join(' + ')}`;
}

/** How a run must end, written down by hand. */
export interface WrittenEnd {
  /** As the demo prints them; none for a run that fails before it has counted. */
  readonly accounts: string;
  /** Each `rule rows outcome`. */
  readonly rules: readonly string[];
  /** `CODE place` of a run that fails. */
  readonly error?: string | undefined;
}

/** A run's end beside what was written down. */
export function endComparisons({ run, stages }: GetRunResponse, { accounts, rules, error = '' }: WrittenEnd): Comparison[] {
  const found = brokenRules(stages).map(({ rule, rows, outcome }) => `${rule} ${rows} ${outcomeWord(outcome)}`);
  return [
    { what: 'the status', expected: error ? 'failed' : 'succeeded', found: run && statusWord(run.status) },
    { what: 'the accounts', expected: accounts, found: accountsText(run?.accounts) },
    { what: 'the rules', expected: rules.join(', '), found: found.join(', ') },
    { what: 'the error', expected: error, found: errorText(run) },
  ];
}

function errorText(run: Run | undefined): string {
  return run?.error ? `${run.error.code} ${run.error.place}` : '';
}
