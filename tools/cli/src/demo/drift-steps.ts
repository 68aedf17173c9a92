import type { Edit } from './drift-folder';
import type { WrittenEnd } from './drift-run';
import { changedColumn, renamedColumn, withColumn, withoutColumn, type Sheet } from './drift-sheet';

/** A day that arrives, with what was done to it, and what must come of it: written down by hand, from what docs/contracts.md says. */
export interface DriftStep {
  readonly date: string;
  readonly title: string;
  /** What the day's file is like. */
  readonly data: string;
  readonly change: (sheet: Sheet) => Sheet;
  /** What the contract says of it: lines that it is given, or that hold without any. */
  readonly contract: { readonly lines: readonly string[]; readonly edits: readonly Edit[] };
  readonly end: WrittenEnd;
  /** Which lines, by their place in the file from 0, are in the tables. */
  readonly admitted: (at: number) => boolean;
  /** Lines of all days then in the table of lines. */
  readonly lines: number;
  /** A number that the table of lines must have of the day. */
  readonly fact?: { readonly what: string; readonly sql: string; readonly expected: number } | undefined;
  /** What else a person may want to know, of the pipeline of this name. */
  readonly more?: ((name: string) => string) | undefined;
  /** How the table at the end tells it. */
  readonly told: { readonly change: string; readonly policy: string; readonly outcome: string };
}

const CONTRACT = 'contract.odcs.yaml';
const OF_LINES = '    description: One line of an invoice. ';
const LEFT_OUT_OF_NULLS = '      - { property: weirDrift, value: { nullability: discard_row } }';
const FROZEN = '      - { property: weirDrift, value: { nullability: discard_row, newColumn: freeze, missingColumn: freeze } }';
const DEFAULT = 'customProperties: [{ property: weirDefault, value: United Kingdom }]';
const OF_COUNTRY = '        physicalName: Country\n        logicalType: string\n        required: true\n';

const unchanged = (sheet: Sheet): Sheet => sheet;
const all = (): boolean => true;
const inPieces = (at: number): boolean => at % 25 === 7;
const withoutCode = (at: number): boolean => at % 40 === 3;

/** Where a line of the second day was sold: 120 lines on the web, 60 in the shop, 20 by phone. */
export function channelOf(at: number): 'web' | 'shop' | 'phone' {
  const place = at % 10;
  return place < 6 ? 'web' : place < 9 ? 'shop' : 'phone';
}

/** The days on which data changes and the contract says what becomes of it. */
export const DRIFT_STEPS: readonly DriftStep[] = [
  {
    date: '2010-12-01',
    title: 'A day as the contract says',
    data: '200 lines with the columns of the contract',
    change: unchanged,
    contract: { lines: ['that of examples/retail'], edits: [] },
    end: { accounts: 'read 200 = admitted 200', rules: [] },
    admitted: all,
    lines: 200,
    told: { change: 'none', policy: '', outcome: 'all well' },
  },
  {
    date: '2010-12-02',
    title: 'A new column',
    data: 'there is a column Channel behind the others: web, shop or phone',
    change: (sheet) => withColumn(sheet, 'Channel', channelOf),
    contract: { lines: ['does not name it; without a word, `newColumn: evolve` holds'], edits: [] },
    end: { accounts: 'read 200 = admitted 200', rules: ['new_column:Channel 200 went on'] },
    admitted: all,
    lines: 400,
    more: () => 'its channels wait in bronze until the contract names them: see the last step',
    told: { change: 'Channel is new', policy: 'newColumn: evolve', outcome: 'its values are kept aside' },
  },
  {
    date: '2010-12-03',
    title: 'A missing column',
    data: 'the column Country is gone',
    change: (sheet) => withoutColumn(sheet, 'Country'),
    contract: { lines: ['- name: country', `  ${DEFAULT}`], edits: [{ path: CONTRACT, from: OF_COUNTRY, to: `${OF_COUNTRY}        ${DEFAULT}\n` }] },
    end: { accounts: 'read 200 = admitted 200', rules: ['missing:country 200 went on'] },
    admitted: all,
    lines: 600,
    fact: { what: 'lines of the United Kingdom', sql: "country = 'United Kingdom'", expected: 200 },
    told: { change: 'Country is missing', policy: 'missingColumn: evolve', outcome: 'lines have the default' },
  },
  {
    date: '2010-12-05',
    title: 'Values of another type',
    data: '8 of 200 quantities are written with a unit, such as `6 pcs`',
    change: (sheet) => changedColumn(sheet, 'Quantity', (text, at) => (inPieces(at) ? `${text} pcs` : text)),
    contract: { lines: ['says nothing of it; without a word, `changedType: quarantine` holds'], edits: [] },
    end: { accounts: 'read 200 = admitted 192 + quarantined 8', rules: ['type:quantity 8 in quarantine'] },
    admitted: (at) => !inPieces(at),
    lines: 792,
    more: (name) => `\`weir quarantine list ${name}\` shows them`,
    told: { change: '8 quantities are `6 pcs`', policy: 'changedType: quarantine', outcome: '8 lines are in quarantine' },
  },
  {
    date: '2010-12-06',
    title: 'Nulls where there must be none',
    data: '5 of 200 stock codes are empty',
    change: (sheet) => changedColumn(sheet, 'StockCode', (text, at) => (withoutCode(at) ? '' : text)),
    contract: { lines: ['- property: weirDrift', '  value: { nullability: discard_row }'], edits: [{ path: CONTRACT, from: OF_LINES, to: `    customProperties:\n${LEFT_OUT_OF_NULLS}\n${OF_LINES}` }] },
    end: { accounts: 'read 200 = admitted 195 + filtered 5', rules: ['required:stock_code 5 left out'] },
    admitted: (at) => !withoutCode(at),
    lines: 987,
    told: { change: '5 stock codes are empty', policy: 'nullability: discard_row', outcome: '5 lines are left out' },
  },
  {
    date: '2010-12-07',
    title: 'A renamed column, under a frozen contract',
    data: 'the column UnitPrice is called Price',
    change: (sheet) => renamedColumn(sheet, 'UnitPrice', 'Price'),
    contract: { lines: ['- property: weirDrift', '  value: { nullability: discard_row, newColumn: freeze, missingColumn: freeze }'], edits: [{ path: CONTRACT, from: LEFT_OUT_OF_NULLS, to: FROZEN }] },
    end: { accounts: '', rules: [], error: 'CONTRACT_FROZEN 2010-12-07.csv:1' },
    admitted: () => false,
    lines: 987,
    more: () => 'without `freeze` it is HEADER_MISMATCH: nothing can stand in for a price',
    told: { change: 'UnitPrice is now Price', policy: 'new, missing: freeze', outcome: 'nothing was published' },
  },
];
