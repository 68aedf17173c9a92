import { formatDuration, type Proposal } from '@weir/core';
import type { ProfiledColumn, SuggestChecksResponse } from '@weir/rpc';
import { colour, count, table } from '../output';

/** Most characters of a value in a table; `--json` has all of them. */
const MAX_CHARACTERS = 24;

/** What a dataset holds, as a table. */
export function profileLines({ pipeline, dataset, definitionVersion, rows, sampled, columns }: SuggestChecksResponse): string[] {
  const right = 'right' as const;
  const titles = [{ title: 'column' }, { title: 'type' }, { title: 'nulls', align: right }, { title: 'different', align: right }, { title: 'from' }, { title: '1 %', align: right }, { title: '99 %', align: right }, { title: 'to' }];
  const cells = columns.map((column) => [colour.name(column.name), column.type, count(column.nulls), distinctText(column), shownText(fromText(column)), quantileText(column.low), quantileText(column.high), shownText(toText(column))]);
  const part = sampled < rows ? `, quantiles of ${count(sampled)} of them` : '';
  return [`  ${colour.strong(`${dataset} of ${pipeline}`)}, version ${definitionVersion}: ${count(rows)} ${rows === 1 ? 'row' : 'rows'}${part}`, '', table(titles, cells)];
}

/** The checks that are proposed with their reasons, then those that were left out. */
export function proposalLines(proposals: readonly Proposal[], leftOut: SuggestChecksResponse['leftOut']): string[] {
  const titles = [{ title: 'suggested' }, { title: 'check' }, { title: 'because' }];
  const rows = proposals.map((proposal) => [colour.name(proposal.id), checkText(proposal), proposal.reason]);
  const left = leftOut.map(({ id, reason }) => [id, reason]);
  return [
    ...(rows.length === 0 ? ['  Nothing to suggest that the contract does not say.'] : [table(titles, rows)]),
    ...(left.length === 0 ? [] : ['', table([{ title: 'left out' }, { title: 'because' }], left)]),
  ];
}

/** A check in a few words. */
export function checkText({ measure, threshold: { atMost = 0, of } }: Proposal): string {
  const share = of === 'values' ? `, ${100 - atMost} % of values` : '';
  switch (measure.kind) {
    case 'nullShare':
      return atMost === 0 ? 'no nulls' : `at most ${atMost} % nulls`;
    case 'unique':
      return 'all different';
    case 'range':
      return `${String(measure.min)} to ${String(measure.max)}${share}`;
    case 'set':
      return `one of ${measure.values.length} ${measure.values.length === 1 ? 'value' : 'values'}`;
    case 'pattern':
      return `an e-mail address${share}`;
    case 'length':
      return `${String(measure.min)} characters`;
    case 'freshness':
      return `at most ${formatDuration(atMost * 1_000)} old`;
  }
}

function distinctText({ distinct, values }: ProfiledColumn): string {
  return values.length > 0 || distinct === 0 ? count(distinct) : `about ${count(distinct)}`;
}

function fromText({ min, shortest }: ProfiledColumn): string {
  return min ?? (shortest === undefined ? '' : lengthText(shortest));
}

function toText({ max, longest }: ProfiledColumn): string {
  return max ?? (longest === undefined ? '' : lengthText(longest));
}

function lengthText(characters: number): string {
  return `${count(characters)} ${characters === 1 ? 'character' : 'characters'}`;
}

function quantileText(value: number | undefined): string {
  return value === undefined ? '' : String(Number(value.toPrecision(6)));
}

function shownText(text: string): string {
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text;
}
