import type { Column, Model } from '../definition/definition';

/** A value of a test, as text. */
export interface Cell {
  readonly text: string | null;
  /** file:line:column, or file:line of a data file. */
  readonly place: string;
}

/** A row that a test gives or expects, by column; columns that are left out are not there. */
export interface FixtureRow {
  readonly cells: ReadonlyMap<string, Cell>;
  readonly place: string;
}

/** Rows of one dataset that a test gives. */
export interface GivenRows {
  /** As models name it, such as `silver.lines` or `shop.customers`. */
  readonly dataset: string;
  /** Types of the columns that rows may have, without those of Weir. */
  readonly columns: readonly Column[];
  readonly rows: readonly FixtureRow[];
}

/** Rows that come out of a test. */
export interface ExpectedRows {
  readonly columns: readonly Column[];
  readonly rows: readonly FixtureRow[];
  readonly ordered: boolean;
  readonly place: string;
}

interface NamedTest {
  readonly name: string;
  /** Where it stands: file:line:column below the pipeline's folder. */
  readonly place: string;
  /** What is tested, qualified. */
  readonly dataset: string;
  readonly expect: ExpectedRows;
}

/** Rows in, rows of one model out. */
export interface ModelRowsTest extends NamedTest {
  readonly kind: 'model';
  /** The models to run, in dependency order: the last one is tested, those before it give what it reads where the test does not. */
  readonly models: readonly Model[];
  readonly given: readonly GivenRows[];
  /** What row and interval models run over; rows are of the first one unless they say another as `_weir_partition`. */
  readonly partitions: readonly string[];
}

/** A record as the source has it, before the contract: its fields by their names there. */
export interface RawRecord {
  readonly fields: ReadonlyMap<string, Cell>;
  /** The same as a topic's record has it. */
  readonly json: string;
  readonly place: string;
}

/** A record that must go to quarantine. */
export interface ExpectedReject {
  /** Those of its fields that are compared, as they are given. */
  readonly record: RawRecord;
  /** In any order; undefined when any will do. */
  readonly rules: readonly string[] | undefined;
}

/** Records in, rows of bronze and of quarantine out. */
export interface ContractTest extends NamedTest {
  readonly kind: 'contract';
  readonly records: readonly RawRecord[];
  readonly quarantined: readonly ExpectedReject[];
}

/** One test of a pipeline's folder, checked against its definition. */
export type ModelTest = ModelRowsTest | ContractTest;
