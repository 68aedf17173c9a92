import { WeirError, type Policy } from '@weir/core';
import type { Accounts, RuleCount } from '@weir/rpc';

/** Rows that are kept as examples when the breaker ends a run. */
export const BREAKER_SAMPLE_ROWS = 1_000;

/** The QUARANTINE_LIMIT error when more rows were quarantined than the policy allows: more than its share, and more than its least number. */
export function tripped({ read, quarantined }: Accounts, { share, minRows }: Policy['failAbove'], rules: readonly RuleCount[]): WeirError | undefined {
  if (quarantined <= minRows || quarantined <= share * read) return undefined;
  const worst = rules.filter((rule) => rule.samples.length > 0);
  return new WeirError({
    code: 'QUARANTINE_LIMIT',
    stage: 'validate',
    message: `${quarantined} of ${read} rows (${percent(quarantined / read)}) went to quarantine; the limit is ${percent(share)} and ${minRows} rows. Most broke ${worst[0]?.rule ?? 'no rule'}.`,
    samples: spread(worst.map((rule) => rule.samples)),
  });
}

/** First samples of each rule in turn, so that the five shown tell of several rules. */
function spread(lists: readonly (readonly string[])[]): string[] {
  const turns = [0, 1, 2, 3, 4].flatMap((turn) => lists.map((list) => list[turn]));
  return turns.filter((sample) => sample !== undefined).slice(0, 5);
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
