import { writeFile } from 'node:fs/promises';
import { type LongerContract, type Proposal, WeirError } from '@weir/core';
import { connect, newestDefinition, type SuggestChecksResponse } from '@weir/rpc';
import { platformState } from '@weir/servers';
import { type Command, InvalidArgumentError } from 'commander';
import { intervalEnds } from '../../interval-option';
import { action, colour, count, print, printJson } from '../../output';
import { type FolderContract, notStated, readContract, withProposals } from '../../suggest/folder-contract';
import { insertionDiff } from '../../suggest/insertion-diff';
import { profileLines, proposalLines } from '../../suggest/suggestion-lines';

interface Options {
  readonly interval?: string;
  readonly only?: string;
  /** All of them, or those that are named. */
  readonly accept?: true | readonly string[];
  readonly json?: boolean;
}

/** The service takes a minute at most. */
const TIMEOUT_MS = 70_000;

export function register(parent: Command): void {
  parent
    .command('suggest')
    .argument('<dataset>', 'a pipeline, or a dataset of one such as retail.lines')
    .argument('[dir]', 'folder with the contract that the checks are for')
    .description('Suggests checks that the published rows speak for and pass, as a difference of the contract; writes it only with --accept.')
    .option('--interval <start/end>', 'the rows of these grains instead of all')
    .option('--only <column>', 'checks of this column')
    .option('--accept [check]', 'write all suggested checks into the contract, or this one; may be repeated', (id: string, before: unknown) => acceptedMore(id, before))
    .option('--json', 'profile, checks and difference as JSON')
    .addHelpText('after', '\nExamples:\n  weir datasets suggest retail examples/retail\n  weir datasets suggest retail.lines --only revenue\n  weir datasets suggest retail examples/retail --accept country.nullShare --accept quantity.range\n  weir datasets suggest retail examples/retail --accept')
    .action(action(suggest));
}

function acceptedMore(id: string, before: unknown): true | string[] {
  if (before === true) return true;
  if (!id.includes('.')) throw new InvalidArgumentError('Write <column>.<kind>, or put --accept after the folder to accept all.');
  return [...(Array.isArray(before) ? (before as string[]) : []), id];
}

async function suggest(name: string, folder: string | undefined, options: Options): Promise<void> {
  if (options.accept !== undefined && folder === undefined) throw new WeirError({ code: 'INVALID_VALUE', place: '--accept', message: 'There is no contract to write to.', fix: 'Name the folder of the pipeline, such as `weir datasets suggest retail examples/retail --accept`.' });
  const { answer, source } = await ask(name, options.interval);
  assertColumn(answer, options.only);
  const dataset = answer.dataset.slice(answer.dataset.indexOf('.') + 1);
  const contract = folder === undefined ? undefined : await readContract(folder, { pipeline: answer.pipeline, dataset, source });
  const wanted = ({ column }: { readonly column: string }): boolean => options.only === undefined || column === options.only;
  const all = answer.proposals.filter(wanted).map(proposalOf);
  const proposals = contract ? notStated(contract, all) : all;
  const accepted = acceptedOf(proposals, options.accept);
  const change = contract && { file: contract.file, ...withProposals(contract, dataset, accepted) };
  await show({ answer, proposals, leftOut: answer.leftOut.filter(wanted), accepted, change }, folder, options);
}

/** What a command has to say. */
interface Suggestion {
  readonly answer: SuggestChecksResponse;
  readonly proposals: readonly Proposal[];
  readonly leftOut: SuggestChecksResponse['leftOut'];
  readonly accepted: readonly Proposal[];
  /** Of the contract in the folder. */
  readonly change: (LongerContract & Pick<FolderContract, 'file'>) | undefined;
}

/** Shows the difference before it is written. */
async function show({ answer, proposals, leftOut, accepted, change }: Suggestion, folder: string | undefined, { accept, json }: Options): Promise<void> {
  const diff = change ? insertionDiff(change.file.path, change.file.text, change.insertions) : [];
  const written = change !== undefined && accept !== undefined && accepted.length > 0;
  if (!json) print(...profileLines(answer), '', ...proposalLines(proposals, leftOut), ...(diff.length === 0 ? [] : ['', ...diff.map(diffLine)]));
  if (written) await writeFile(change.file.path, change.text);
  if (!json) print(...nextLines(folder, accepted, written));
  else printJson({ ...answer, proposals, leftOut, contract: change ? { file: change.file.path, diff: diff.join('\n'), accepted: accepted.map(({ id }) => id), written } : null });
}

async function ask(name: string, interval: string | undefined): Promise<{ answer: SuggestChecksResponse; source: string }> {
  const { services } = await platformState();
  const clients = connect(services);
  try {
    const dot = name.indexOf('.');
    const pipeline = dot < 0 ? name : name.slice(0, dot);
    const dataset = dot < 0 ? '' : name.slice(dot + 1);
    const answer = await clients.quality.suggestChecks({ pipeline, dataset, interval: intervalEnds(interval) }, { timeoutMs: TIMEOUT_MS });
    return { answer, source: (await newestDefinition(clients, pipeline)).source.dataset };
  } finally {
    clients.close();
  }
}

/** The service knows the grain, and checks the rest. */
function proposalOf({ id, column, reason, measureJson, thresholdJson }: SuggestChecksResponse['proposals'][number]): Proposal {
  return { id, column, reason, measure: JSON.parse(measureJson) as Proposal['measure'], threshold: JSON.parse(thresholdJson) as Proposal['threshold'] };
}

function assertColumn({ columns, dataset }: SuggestChecksResponse, only: string | undefined): void {
  if (only === undefined || columns.some(({ name }) => name === only)) return;
  throw new WeirError({ code: 'INVALID_VALUE', place: '--only', message: `\`${only}\` is not a column of ${dataset}.`, fix: `Use one of ${columns.map(({ name }) => name).join(', ')}.` });
}

/** What the difference shows: those that are accepted, all of them while nobody has chosen. Throws INVALID_VALUE for one that is not suggested. */
function acceptedOf(proposals: readonly Proposal[], accept: Options['accept']): readonly Proposal[] {
  if (accept === undefined || accept === true) return proposals;
  const strange = accept.find((id) => proposals.every((proposal) => proposal.id !== id));
  if (strange === undefined) return proposals.filter(({ id }) => accept.includes(id));
  const fix = proposals.length === 0 ? 'Leave --accept out to see why.' : `Use one of ${proposals.map(({ id }) => id).join(', ')}.`;
  throw new WeirError({ code: 'INVALID_VALUE', place: '--accept', message: `\`${strange}\` is not suggested.`, fix });
}

function diffLine(line: string): string {
  const paint = line.startsWith('+') ? colour.good : line.startsWith('-') ? colour.bad : line.startsWith('@@') ? colour.name : (text: string) => text;
  return paint(line);
}

function nextLines(folder: string | undefined, accepted: readonly Proposal[], written: boolean): string[] {
  if (written) return ['', `  ${colour.good('Written:')} ${count(accepted.length)} ${accepted.length === 1 ? 'check' : 'checks'}. Look with \`weir check ${folder ?? ''}\`, then with \`weir apply ${folder ?? ''} --dry-run\`.`];
  if (accepted.length === 0) return [];
  return ['', folder === undefined ? `  ${colour.faint('Name the folder of the pipeline to see them as a difference of its contract.')}` : `  ${colour.faint('Nothing was written. --accept writes all of it, --accept <check> some.')}`];
}
