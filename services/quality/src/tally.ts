import type { ValidatePlan } from '@weir/core';
import type { Engine } from '@weir/engine';
import type { RuleCount } from '@weir/rpc';
import type { PartitionAccounts } from './accounts';
import type { FileFormat, ScannedFile } from './format/file-format';
import { QUARANTINED, ruleReason, ruleWeight } from './rejects';

const SAMPLES = 5;

/** The accounts of each partition, ascending; partitions without a row have zeros. A damaged record is read and quarantined. */
export async function partitionAccounts(engine: Engine, plan: ValidatePlan, files: readonly ScannedFile[], partitions: readonly string[]): Promise<PartitionAccounts[]> {
  const counted = await engine.rows<PartitionAccounts>(plan.accounts, 'accounts');
  const accounts = new Map<string, PartitionAccounts>();
  for (const partition of [...partitions, ...files.map((file) => file.partition)]) accounts.set(partition, { partition, read: 0, admitted: 0, duplicate: 0, quarantined: 0, filtered: 0 });
  for (const row of counted) accounts.set(row.partition, row);
  for (const { partition, scan } of files) {
    const account = accounts.get(partition);
    if (account) accounts.set(partition, { ...account, read: account.read + scan.damaged.length, quarantined: account.quarantined + scan.damaged.length });
  }
  return [...accounts.values()].sort((a, b) => (a.partition < b.partition ? -1 : 1));
}

/** How many rows each rule caught: damage first, then critical rules, then the others, each by number. Samples are `file:line: reason`. */
export async function countRules(engine: Engine, plan: ValidatePlan, files: readonly ScannedFile[], format: FileFormat | undefined): Promise<RuleCount[]> {
  const counted = await engine.rows<{ rule: string; rows: number; samples: string[] }>(plan.ruleCounts, 'rules');
  const { rules } = plan.decode;
  const broken = counted.map(({ rule, rows, samples }) => ({ rule, rows, samples: samples.map((position) => `${position}: ${ruleReason(rule, rules)}`), ...ruleWeight(rule, rules) }));
  return [...(format ? countDamage(files, format) : []), ...broken];
}

function countDamage(files: readonly ScannedFile[], format: FileFormat): RuleCount[] {
  const counts = new Map<string, RuleCount>();
  for (const file of files) {
    for (const record of file.scan.damaged) {
      const count = counts.get(record.damage) ?? { rule: record.damage, rows: 0, samples: [], ...QUARANTINED };
      if (count.samples.length < SAMPLES) count.samples.push(`${file.name}:${record.line}: ${format.damageReason(file, record)}`);
      counts.set(record.damage, { ...count, rows: count.rows + 1 });
    }
  }
  return [...counts.values()].sort((a, b) => b.rows - a.rows);
}
