import { sumsOverRows } from '../check/compile-check';
import { listed } from '../suggest';
import type { Definition } from './definition';

/** Checks of a stream that its micro-batches cannot judge; sentences for people. */
export function checkWarnings({ mode, source, contract }: Definition): string[] {
  if (mode !== 'realtime') return [];
  const checks = contract.datasets.find(({ name }) => name === source.dataset)?.checks.filter((check) => !sumsOverRows(check)) ?? [];
  if (checks.length === 0) return [];
  const [it, is] = checks.length === 1 ? ['The check', 'is'] : ['The checks', 'are'];
  return [`${it} ${listed(checks.map(({ id }) => id))} ${is} not judged in motion, for want of all rows: only runs over the archive of the topic do.`];
}
