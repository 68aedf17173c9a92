import { Verdict } from '@weir/rpc';
import type { Judgement } from './shapes';

/** A verdict of the wire as the workflow's word; no checks at all is a pass. */
export function judgementOf({ verdict }: { verdict: Verdict }): Judgement {
  return { verdict: WORDS[verdict] };
}

const WORDS: Record<Verdict, Judgement['verdict']> = {
  [Verdict.UNSPECIFIED]: 'passed',
  [Verdict.PASSED]: 'passed',
  [Verdict.WARNING]: 'warning',
  [Verdict.FAILED]: 'failed',
};
