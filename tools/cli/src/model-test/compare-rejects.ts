import type { BatchReject, ContractTest } from '@weir/core';
import type { Row } from './compare-rows';

/** Stands beside the fields of a record for the rules that it breaks; no field is called so. */
export const RULES = '\u0000rules';

/** The records that a test wants in quarantine. */
export function expectedRejects({ quarantined }: ContractTest): Row[] {
  return quarantined.map(({ record, rules }) => new Map([...textsOf(record), ...(rules === undefined ? [] : [[RULES, rulesText(rules)] as const])]));
}

/** The records that are there, by their numbers. */
export function givenRejects({ records }: ContractTest, rejects: readonly BatchReject[]): Row[] {
  return rejects.map(({ ordinal, rules }) => new Map([...textsOf(records[ordinal]), [RULES, rulesText(rules)]]));
}

function textsOf(record: ContractTest['records'][number] | undefined): [string, string | null][] {
  return [...(record?.fields ?? [])].map(([name, { text }]) => [name, text]);
}

function rulesText(rules: readonly string[]): string {
  return [...rules].sort().join(', ');
}
