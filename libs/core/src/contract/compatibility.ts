import { reads } from './column-type';
import type { ContractColumn, ContractDataset } from './contract';

/** The modes of schema registries. BACKWARD: the new version reads data of the earlier one; FORWARD: the earlier one reads data of the new one; TRANSITIVE: of all earlier ones. */
export const COMPATIBILITY_MODES = ['BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE', 'NONE'] as const;

export type CompatibilityMode = (typeof COMPATIBILITY_MODES)[number];

/** Of contracts that state no mode. */
export const DEFAULT_COMPATIBILITY: CompatibilityMode = 'BACKWARD';

/** `backward`: the new version cannot read data of the earlier one; `forward`: the earlier one cannot read data of the new one. */
export type Direction = 'backward' | 'forward';

/** One difference between two versions of a dataset in what its data looks like. */
export interface ContractChange {
  readonly kind: 'added' | 'removed' | 'type' | 'required' | 'default' | 'header' | 'format' | 'key';
  readonly dataset: string;
  /** The column's name; of a key its columns, those of both versions. */
  readonly columns: readonly string[];
  /** For people; empty where there was nothing. */
  readonly from: string;
  /** For people; empty where nothing is left. */
  readonly to: string;
  readonly breaks: readonly Direction[];
}

/** A stored version of a dataset's contract, numbered from 1. */
export interface ContractVersion {
  readonly version: number;
  readonly dataset: ContractDataset;
}

/** A change since an earlier version of a dataset's contract. */
export interface VersionChange extends ContractChange {
  /** The earlier version. */
  readonly version: number;
  /** The new version's own. */
  readonly mode: CompatibilityMode;
  /** Whether the mode forbids it. */
  readonly breaking: boolean;
}

/** All that a new version changes since the newest earlier one, and what its mode forbids since those before it. `earlier`: oldest first. */
export function versionChanges(earlier: readonly ContractVersion[], after: ContractDataset): VersionChange[] {
  const mode = after.compatibility ?? DEFAULT_COMPATIBILITY;
  const guarded = guardedBy(mode);
  const since = ({ version, dataset }: ContractVersion) =>
    contractChanges(dataset, after).map((change): VersionChange => ({ ...change, version, mode, breaking: change.breaks.some((direction) => guarded.includes(direction)) }));
  const changes = earlier.slice(-1).flatMap(since);
  if (!mode.endsWith('_TRANSITIVE')) return changes;
  for (const change of earlier.slice(0, -1).toReversed().flatMap(since)) {
    // Versions that are alike need to be named once; a header may break what one of them relied on, and not what another did.
    const known = changes.some(({ kind, columns, from, to, breaking }) => breaking && kind === change.kind && columns.join() === change.columns.join() && from === change.from && to === change.to);
    if (change.breaking && !known) changes.push(change);
  }
  return changes;
}

/** The directions that a mode guards. */
function guardedBy(mode: CompatibilityMode): readonly Direction[] {
  if (mode === 'NONE') return [];
  if (mode.startsWith('FULL')) return ['backward', 'forward'];
  return [mode.startsWith('BACKWARD') ? 'backward' : 'forward'];
}

/**
 * What is different in the data of two versions of a dataset, and which way each difference breaks, by Avro's rules of schema resolution: columns go by their names, one
 * that may be absent (optional, or with a default) may come and go, whole numbers become floating ones. Three things that Avro does not know follow from what data holds:
 * a decimal is read by one with room for all its digits; headers and formats of dates are where and how a column stands in its files; rows that are unique by a key are
 * unique by a longer one. Rules and checks say which rows are good, not what rows look like: they are no part of it.
 */
export function contractChanges(before: ContractDataset, after: ContractDataset): ContractChange[] {
  const change = (kind: ContractChange['kind'], columns: readonly string[], from: string, to: string, breaks: readonly Direction[]): ContractChange => ({ kind, dataset: after.name, columns, from, to, breaks });
  const known = new Map(before.columns.map((column) => [column.name, column]));
  const kept = new Set(after.columns.map(({ name }) => name));
  const removed = before.columns.filter(({ name }) => !kept.has(name));
  return [
    ...removed.map((column) => change('removed', [column.name], columnText(column), '', broken({ forward: !mayBeAbsent(column) }))),
    ...after.columns.flatMap((column) => {
      const old = known.get(column.name);
      if (!old) return [change('added', [column.name], '', columnText(column), broken({ backward: !mayBeAbsent(column) }))];
      return columnChanges(old, column).map(({ kind, from, to, breaks }) => change(kind, [column.name], from, to, breaks));
    }),
    ...keyChange(keyOf(before), keyOf(after)).map(({ columns, from, to, breaks }) => change('key', columns, from, to, breaks)),
  ];
}

function columnChanges(old: ContractColumn, column: ContractColumn): Pick<ContractChange, 'kind' | 'from' | 'to' | 'breaks'>[] {
  const changes: Pick<ContractChange, 'kind' | 'from' | 'to' | 'breaks'>[] = [];
  const compare = (kind: ContractChange['kind'], from: string, to: string, breaks: readonly Direction[]) => {
    if (from !== to) changes.push({ kind, from, to, breaks });
  };
  compare('type', old.type, column.type, broken({ backward: !reads(column.type, old.type), forward: !reads(old.type, column.type) }));
  compare('required', nullability(old), nullability(column), broken({ backward: column.required, forward: old.required }));
  compare('default', defaultText(old), defaultText(column), []);
  compare('header', old.physicalName, column.physicalName, broken({ backward: !mayBeAbsent(column), forward: !mayBeAbsent(old) }));
  // A type of another kind says all there is to say.
  if (old.type === column.type) compare('format', formatText(old), formatText(column), ['backward', 'forward']);
  return changes;
}

/** Whether data without the column can be read all the same: an optional column is then empty, one with a default has that. */
function mayBeAbsent(column: ContractColumn): boolean {
  return !column.required || column.default !== undefined;
}

/** Data that is unique by a key is unique by every key that holds it; data without a key promises nothing, and asks for nothing. */
function keyChange(before: readonly string[], after: readonly string[]): Pick<ContractChange, 'columns' | 'from' | 'to' | 'breaks'>[] {
  const asks = (key: readonly string[], of: readonly string[]) => key.length > 0 && !(of.length > 0 && of.every((column) => key.includes(column)));
  const [from, to] = [before.join(', '), after.join(', ')];
  if (from === to) return [];
  return [{ columns: [...new Set([...before, ...after])], from: from || 'none', to: to || 'none', breaks: broken({ backward: asks(after, before), forward: asks(before, after) }) }];
}

function keyOf({ columns }: ContractDataset): string[] {
  return columns.filter(({ keyPosition }) => keyPosition !== undefined).toSorted((a, b) => (a.keyPosition ?? 0) - (b.keyPosition ?? 0)).map(({ name }) => name);
}

function broken({ backward = false, forward = false }: { readonly backward?: boolean; readonly forward?: boolean }): Direction[] {
  return [...(backward ? ['backward' as const] : []), ...(forward ? ['forward' as const] : [])];
}

function columnText(column: ContractColumn): string {
  return [column.type, nullability(column), ...(column.default === undefined ? [] : [`default ${defaultText(column)}`])].join(' ');
}

function nullability({ required }: ContractColumn): string {
  return required ? 'required' : 'optional';
}

function defaultText({ default: value }: ContractColumn): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}

/** As strptime has it; a DATE without a format reads what one with the format of ISO 8601 reads. */
function formatText({ type, format }: ContractColumn): string {
  return format === undefined || (type === 'DATE' && format === '%Y-%m-%d') ? 'ISO 8601' : format;
}
