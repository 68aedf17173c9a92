import { join, normalize } from 'node:path';
import type { ContractChange } from '@weir/rpc';
import { colour, table } from '../output';

/** Most readers that are drawn; `--json` has all. */
const MAX_DRAWN = 30;

/** What a contract changes in a folder. */
export interface ContractDiff {
  readonly pipeline: string;
  readonly contract: readonly ContractChange[];
  /** Whether its models compile under the new contract. */
  readonly compiles: boolean;
}

/** As lines: each change with what it breaks, then who reads what changes. No change, no lines. Places of the folder's own models begin with the folder. */
export function contractLines({ pipeline, contract: changes, compiles }: ContractDiff, folder: string): string[] {
  if (changes.length === 0) return [];
  const drawn = table([{ title: 'contract' }, { title: 'before' }, { title: 'after' }, { title: 'breaks' }, { title: 'mode' }], changes.map(changeCells));
  const readers = readerRows(pipeline, changes, folder);
  const more = readers.length > MAX_DRAWN ? [`  ${colour.faint(`and ${readers.length - MAX_DRAWN} more: --json has all`)}`] : [];
  const read = readers.length === 0 ? [] : ['', table([{ title: 'column' }, { title: 'pipeline' }, { title: 'read by' }, { title: 'at' }], readers.slice(0, MAX_DRAWN)), ...more];
  return ['', drawn, ...read, '', ...verdict({ pipeline, contract: changes, compiles }).map((line) => `  ${line}`)];
}

/** Whether a mode forbids any of the changes, or models read a column that goes: those of the folder, which do not compile without it, or of other pipelines. */
export function isBreaking(diff: ContractDiff): boolean {
  return diff.contract.some(({ breaking }) => breaking) || losers(diff) > 0;
}

function losers({ contract, compiles }: ContractDiff): number {
  const models = contract.filter(({ kind }) => kind === 'removed').flatMap(({ readers }) => readers.filter(({ lost }) => lost || !compiles));
  return new Set(models.map(({ pipeline, model }) => `${pipeline} ${model}`)).size;
}

function changeCells({ dataset, kind, columns, before, after, breaks, version, mode, breaking }: ContractChange): string[] {
  const sign = kind === 'added' ? colour.good('+') : kind === 'removed' ? colour.bad('-') : colour.doubt('~');
  const subject = kind === 'key' ? dataset : `${dataset}.${columns.join(', ')}`;
  const what = kind === 'added' || kind === 'removed' ? '' : ` ${kind}`;
  const broken = breaks.join(', ') || 'nothing';
  return [`${sign} ${subject}${what}`, before, after, breaking ? colour.bad(broken) : broken, `${breaking ? colour.bad(`${mode} refuses it`) : `${mode} takes it`} ${colour.faint(`(since version ${version})`)}`];
}

function readerRows(pipeline: string, changes: readonly ContractChange[], folder: string): string[][] {
  const rows = changes.flatMap(({ readers, columns, dataset }) =>
    readers.map((reader) => {
      const own = reader.version === 0;
      const of = own ? reader.pipeline : `${reader.pipeline} version ${reader.version}`;
      return [`${dataset}.${columns.join(', ')}`, reader.pipeline === pipeline ? colour.faint(of) : of, `${reader.model}${reader.certain ? '' : ' may read it'}${reader.lost ? colour.bad(' loses it') : ''}`, own ? join(normalize(folder), reader.place) : reader.place];
    }),
  );
  // A column may change in more than one way; who reads it is said once.
  return rows.filter((row, index) => rows.findIndex((other) => other.join() === row.join()) === index);
}

function verdict(diff: ContractDiff): string[] {
  const [breaking, lost] = [diff.contract.filter((change) => change.breaking).length, losers(diff)];
  if (breaking === 0 && lost === 0) return ['The contract may change so.'];
  return [
    ...(breaking === 0 ? [] : [`${colour.bad('CONTRACT_INCOMPATIBLE')}  ${breaking === 1 ? 'One change is' : `${breaking} changes are`} what the mode of the dataset forbids: apply refuses the contract.`]),
    ...(lost === 0 ? [] : [`${colour.bad(lost === 1 ? 'One model reads' : `${lost} models read`)} a column that goes: change ${lost === 1 ? 'it' : 'them'} first.`]),
  ];
}
