import { type Document, LineCounter, type YAMLMap, type YAMLSeq, isMap, isNode, isScalar, isSeq, parseDocument } from 'yaml';
import type { Proposal } from '../check/suggest/settle';
import type { DefinitionFile } from '../definition/definition';
import { problemsError } from '../definition/problem';
import { WeirError } from '../errors';
import { YamlText } from '../yaml/yaml-text';
import { type QualityPlace, qualityLines } from './quality-text';

/** Lines that come before a line of a file, counted from 0. */
export interface Insertion {
  readonly line: number;
  readonly lines: readonly string[];
}

/** A contract with rules more: its text, and the lines that were added, in the order of the file. All other lines are what they were, to the byte. */
export interface LongerContract {
  readonly text: string;
  readonly insertions: readonly Insertion[];
}

/**
 * Writes proposals into a contract as entries of `quality`: each at its column where that stands on lines of its own, at the dataset otherwise.
 * Throws INVALID_YAML, and NOT_POSSIBLE where the dataset stands on one line, so that lines would have to change.
 */
export function insertQuality(file: DefinitionFile, dataset: string, proposals: readonly Proposal[]): LongerContract {
  const parsed = YamlText.parse(file);
  if ('problems' in parsed) throw problemsError(parsed.problems);
  if (proposals.length === 0) return { text: file.text, insertions: [] };
  const contract = new ContractLines(file);
  const insertions = contract.insertions(dataset, proposals);
  const text = withLines(file.text, insertions);
  contract.verify(text, dataset, proposals);
  return { text, insertions };
}

function withLines(text: string, insertions: readonly Insertion[]): string {
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.split('\n').map((line, n, all) => (n < all.length - 1 ? `${line}\n` : line));
  const out: string[] = [];
  for (const [n, line] of [...lines, ''].entries()) {
    for (const added of insertions.filter((one) => one.line === n)) {
      // Only the last line of a file may lack its end.
      if (out.at(-1)?.endsWith('\n') === false) out.push(end);
      out.push(...added.lines.map((each) => `${each}${end}`));
    }
    if (line !== '') out.push(line);
  }
  return out.join('');
}

/** The part of a contract that rules are added to. */
interface Target {
  readonly place: QualityPlace;
  readonly map: YAMLMap;
  /** Whose entries it holds. */
  readonly proposals: readonly Proposal[];
}

class ContractLines {
  private readonly counter = new LineCounter();
  private readonly document: Document;
  private readonly metrics: boolean;

  constructor(private readonly file: DefinitionFile) {
    this.document = parseDocument(file.text, { lineCounter: this.counter });
    // v3.0 knows other names.
    this.metrics = !String(this.document.get('apiVersion')).startsWith('v3.0');
  }

  insertions(dataset: string, proposals: readonly Proposal[]): Insertion[] {
    const schema = this.document.get('schema', true);
    if (!isBlock(schema, isSeq)) throw this.onOneLine('`schema`');
    const found = schema.items.find((item) => isMap(item) && item.get('name') === dataset);
    if (found === undefined) return [this.newDataset(schema, dataset, proposals)];
    if (!isBlock(found, isMap)) throw this.onOneLine(`The dataset \`${dataset}\``);
    const { own, others } = targetsOf(found, proposals);
    if (others.length > 0 && !takesQuality(found)) throw this.onOneLine(`The \`quality\` of \`${dataset}\``);
    // The dataset's own come last: where its last column ends it may end too.
    const targets: Target[] = [...own, ...(others.length > 0 ? [{ place: 'dataset', map: found, proposals: others } as const] : [])];
    return targets.map((target) => this.insertion(target)).sort((a, b) => a.line - b.line);
  }

  private newDataset(schema: YAMLSeq, dataset: string, proposals: readonly Proposal[]): Insertion {
    const indent = ' '.repeat(this.column(schema));
    const entries = proposals.flatMap((proposal) => qualityLines(proposal, 'dataset', this.metrics));
    return { line: this.lineAfter(schema), lines: [`${indent}- name: ${dataset}`, `${indent}  quality:`, ...entries.map((line) => `${indent}    ${line}`)] };
  }

  private insertion({ place, map, proposals }: Target): Insertion {
    const entries = proposals.flatMap((proposal) => qualityLines(proposal, place, this.metrics));
    const quality = map.get('quality', true);
    if (isSeq(quality)) return { line: this.lineAfter(quality), lines: entries.map((line) => `${' '.repeat(this.column(quality))}${line}`) };
    const indent = ' '.repeat(this.column(map.items[0]?.key));
    return { line: this.lineAfter(map), lines: [`${indent}quality:`, ...entries.map((line) => `${indent}  ${line}`)] };
  }

  /** Characters before a node in its line. */
  private column(node: unknown): number {
    return this.counter.linePos(isNode(node) ? (node.range?.[0] ?? 0) : 0).col - 1;
  }

  /** The line after the last one that a node has something of. */
  private lineAfter(node: unknown): number {
    const end = endOf(node);
    const before = this.file.text.slice(0, end);
    const lines = before.split('\n').length - 1;
    return before.endsWith('\n') ? lines : lines + 1;
  }

  /** Throws NOT_POSSIBLE unless the new text says what the old one did, and the new rules. */
  verify(text: string, dataset: string, proposals: readonly Proposal[]): void {
    const after = parseDocument(text);
    const counted = countedRules(after.errors.length > 0 ? undefined : after.toJS({ maxAliasCount: 100 }), dataset);
    const old = countedRules(this.document.toJS({ maxAliasCount: 100 }), dataset);
    if (counted.rules !== old.rules + proposals.length || counted.rest !== old.rest) throw this.onOneLine(`The dataset \`${dataset}\``);
  }

  private onOneLine(what: string): WeirError {
    return new WeirError({ code: 'NOT_POSSIBLE', place: this.file.path, message: `${what} is written so that no rule can be added without changing lines that are there.`, fix: 'Write it as a block, one key a line, or copy the rules by hand.' });
  }
}

/** Columns on lines of their own take their rules themselves. */
function targetsOf(dataset: YAMLMap, proposals: readonly Proposal[]): { readonly own: readonly Target[]; readonly others: readonly Proposal[] } {
  const properties = dataset.get('properties', true);
  const own: Target[] = [];
  for (const item of isBlock(properties, isSeq) ? properties.items : []) {
    if (!isBlock(item, isMap) || !takesQuality(item)) continue;
    const mine = proposals.filter(({ column }) => column === item.get('name'));
    if (mine.length > 0) own.push({ place: 'column', map: item, proposals: mine });
  }
  return { own, others: proposals.filter((proposal) => own.every((target) => !target.proposals.includes(proposal))) };
}

function takesQuality(map: YAMLMap): boolean {
  return !map.has('quality') || isBlock(map.get('quality', true), isSeq);
}

function isBlock<T extends YAMLMap | YAMLSeq>(node: unknown, is: (value: unknown) => value is T): node is T {
  return is(node) && node.flow !== true && node.items.length > 0;
}

/** Offset after the last character of a node's content: collections end where their last value does, without the comments after it. */
function endOf(node: unknown): number {
  if (isMap(node) && node.flow !== true) {
    const last = node.items.at(-1);
    return isNode(last?.value) && !(isScalar(last.value) && last.value.source === '') ? endOf(last.value) : endOf(last?.key);
  }
  if (isSeq(node) && node.flow !== true) return endOf(node.items.at(-1));
  return isNode(node) ? (node.range?.[1] ?? 0) : 0;
}

/** How many rules a dataset has, and everything else as text. */
function countedRules(value: unknown, dataset: string): { readonly rules: number; readonly rest: string } {
  if (typeof value !== 'object' || value === null || !('schema' in value) || !Array.isArray(value.schema)) return { rules: 0, rest: '' };
  let rules = 0;
  const without = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null) return part;
    const { quality, properties, ...rest } = part as { quality?: unknown; properties?: unknown };
    if (Array.isArray(quality)) rules += quality.length;
    return { ...rest, ...(Array.isArray(properties) ? { properties: properties.map(without) } : { properties }) };
  };
  const schema = (value.schema as { name?: unknown }[]).map((entry) => (entry.name === dataset ? (without(entry) as object) : entry));
  return { rules, rest: JSON.stringify({ ...value, schema: schema.filter((entry) => !isBare(entry)) }) };
}

/** An entry that says nothing but a dataset's name. */
function isBare(entry: object): boolean {
  return Object.entries(entry).every(([key, value]) => key === 'name' || value === undefined);
}
