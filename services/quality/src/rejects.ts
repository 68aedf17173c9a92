import { open } from 'node:fs/promises';
import { readRange } from '@weir/connectors';
import { KEY_CONFLICT, NEW_COLUMN, type DecodeRule, type ValidatePlan } from '@weir/core';
import type { Engine } from '@weir/engine';
import { RuleOutcome, Severity, type RuleCount } from '@weir/rpc';
import type { FileFormat, ScannedFile } from './format/file-format';
import { toRuleOutcome, toSeverity } from './wire';

/** Originals up to this size stay in the quarantine table; larger ones become objects of the lake. */
export const INLINE_BYTES = 64 * 1024;

const PAGE_ROWS = 2_000;

/** A row for quarantine. */
export interface Reject {
  readonly source: ScannedFile;
  readonly line: number;
  /** Bytes, without the line end. */
  readonly offset: number;
  readonly length: number;
  readonly rules: readonly string[];
  readonly reason: string;
  /** The original bytes; undefined above 64 KiB. */
  readonly original: Buffer | undefined;
}

/** What a row breaks, as plans tell of it. */
export interface BrokenRules {
  readonly rules: readonly string[];
  /** Of its columns that the contract does not name; null where that does not matter. */
  readonly names?: readonly string[] | null | undefined;
}

/** Names that a reason tells. */
const MOST_NAMES = 5;
const NEW_COLUMN_NAMED = `${NEW_COLUMN}:`;

/** What is wrong with a row that is refused: of the first rule that it breaks. */
export function brokenReason({ rules: [rule], names }: BrokenRules, rules: readonly DecodeRule[]): string {
  return ruleReason(rule === NEW_COLUMN && names ? `${NEW_COLUMN_NAMED}${names.slice(0, MOST_NAMES).join(', ')}` : rule, rules);
}

/** What is wrong with a row that broke this rule, which may name a new column. */
export function ruleReason(rule: string | undefined, rules: readonly DecodeRule[]): string {
  if (rule === KEY_CONFLICT) return 'A row with the same key and other values came before, and the contract says that rows never change.';
  if (rule?.startsWith(NEW_COLUMN_NAMED)) return ruleReason(NEW_COLUMN, rules).replace('the column', `the column ${rule.slice(NEW_COLUMN_NAMED.length)}`);
  return rules.find(({ id }) => id === rule)?.reason ?? `The rule ${rule} does not hold.`;
}

/** How much it matters that a rule is broken, and what becomes of the rows. What no plan has is wrong with the key, and goes to quarantine. */
export function ruleWeight(rule: string, rules: readonly DecodeRule[]): Pick<RuleCount, 'severity' | 'outcome'> {
  const id = rule.startsWith(NEW_COLUMN_NAMED) ? NEW_COLUMN : rule;
  const found = rules.find((each) => each.id === id);
  return found ? { severity: toSeverity(found.severity), outcome: toRuleOutcome(found.outcome) } : QUARANTINED;
}

/** The weight of what is wrong with the row itself. */
export const QUARANTINED = { severity: Severity.CRITICAL, outcome: RuleOutcome.QUARANTINE } as const;

/** All rows for quarantine with their original bytes: first the damaged records, then the rows that broke a rule, in file order. */
export async function* rejects(files: readonly ScannedFile[], engine: Engine, plan: ValidatePlan, format: FileFormat): AsyncGenerator<Reject> {
  for (const source of files) if (source.scan.damaged.length > 0) yield* damagedOf(source, format);
  for (let after = -1; ; ) {
    const page = await engine.rows<Broken>(plan.brokenAfter(after, PAGE_ROWS), 'quarantine page');
    yield* brokenOf(page, files, { engine, plan, format });
    const last = page.at(-1);
    if (!last || page.length < PAGE_ROWS) return;
    after = last.ordinal;
  }
}

async function* damagedOf(source: ScannedFile, format: FileFormat): AsyncGenerator<Reject> {
  const file = await open(source.path, 'r');
  try {
    for (const record of source.scan.damaged) {
      const { offset, length, line, damage } = record;
      const original = length <= INLINE_BYTES ? await readRange(file, offset, length) : undefined;
      yield { source, line, offset, length, rules: [damage], reason: format.damageReason(source, record), original };
    }
  } finally {
    await file.close();
  }
}

interface Broken extends BrokenRules {
  readonly ordinal: number;
  readonly file: number;
}

async function* brokenOf(page: readonly Broken[], files: readonly ScannedFile[], { engine, plan, format }: { readonly engine: Engine; readonly plan: ValidatePlan; readonly format: FileFormat }): AsyncGenerator<Reject> {
  for (const rows of byFile(page)) {
    const source = files[rows[0]?.file ?? -1];
    if (!source) continue;
    const broken = new Map(rows.map((row) => [row.ordinal - source.first, row]));
    for await (const { ordinal, offset, line, bytes } of format.originals(source, [...broken.keys()], engine)) {
      const row = broken.get(ordinal) ?? { rules: [], names: null };
      const original = bytes.length <= INLINE_BYTES ? bytes : undefined;
      yield { source, line, offset, length: bytes.length, rules: row.rules, reason: brokenReason(row, plan.decode.rules), original };
    }
  }
}

/** The rows come in file order. */
function byFile(page: readonly Broken[]): Broken[][] {
  const groups: Broken[][] = [];
  for (const row of page) {
    const group = groups.at(-1);
    if (group?.[0]?.file === row.file) group.push(row);
    else groups.push([row]);
  }
  return groups;
}
