import type { QuarantinedRow, RowSummary } from '@weir/rpc';
import { colour, count, table } from '../output';

/** Rules of one row that are shown, and of all rows. */
const RULES = 3;
const SUMMARY_RULES = 20;

/** The rows of a list, newest first, and below them how many there are by rule. */
export function rowLines(rows: readonly QuarantinedRow[], summary: RowSummary | undefined): string[] {
  const columns = [{ title: 'row', align: 'right' as const }, { title: 'position' }, { title: 'rule' }, { title: 'dataset' }, { title: 'when' }, { title: 'contract' }, { title: 'state' }];
  const lines = [table(columns, rows.map(cells))];
  if (summary) lines.push('', ...summaryLines(rows.length, summary));
  return lines;
}

/** Where a row is in its source: file and line, or topic, partition and offset. */
export function positionOf({ file, line }: Pick<QuarantinedRow, 'file' | 'line'>): string {
  return `${file}:${line}`;
}

/** A state in the colour of its meaning. */
export function paintedStatus(status: string): string {
  if (status === 'open') return colour.doubt(status);
  return status === 'replayed' ? colour.good(status) : colour.faint(status);
}

function cells(row: QuarantinedRow): string[] {
  const { id, rules, dataset, quarantinedAt, contractVersion, status } = row;
  const more = rules.length > RULES ? `, ${rules.length - RULES} more` : '';
  return [String(id), positionOf(row), rules.slice(0, RULES).join(', ') + more, dataset, quarantinedAt.slice(0, 19), contractVersion, paintedStatus(status)];
}

function summaryLines(shown: number, { rows, rules }: RowSummary): string[] {
  const more = rules.length > SUMMARY_RULES ? [`  ${colour.faint(`and ${rules.length - SUMMARY_RULES} more rules`)}`] : [];
  const counts = table([{ title: 'rows', align: 'right' }, { title: 'rule' }], rules.slice(0, SUMMARY_RULES).map(({ rule, rows: of }) => [count(of), rule]));
  return [counts, ...more, '', `  ${count(rows)} ${rows === 1 ? 'row' : 'rows'}${shown < rows ? `, the newest ${count(shown)} are shown` : ''}.`];
}
