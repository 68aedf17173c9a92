import type { Column } from './definition';

/** What parsing one model's SQL tells. */
export interface SqlModel {
  /** Tables read, as written, such as `bronze.orders`; each once, in order of first use; CTE names left out. */
  readonly inputs: readonly string[];
  /** One base table, and each of its rows gives at most one output row, by itself: no aggregate, window, distinct, join, limit, union or sub-select. */
  readonly rowShaped: boolean;
  /** Things that are allowed but deserve a look. */
  readonly warnings: readonly string[];
}

/** Why an SQL text is refused; line and column count from 1 within the text. */
export interface SqlProblem {
  readonly code: 'INVALID_SQL' | 'FORBIDDEN_SQL';
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** An output column with the engine's own name for its type, such as HUGEINT: the compiler says which types may leave a model. */
export interface DescribedColumn {
  readonly name: string;
  readonly type: string;
}

/** A column of an input that a model reads; line and column count from 1 within its SQL. */
export interface ColumnRead {
  /** Such as `bronze.orders`. */
  readonly input: string;
  readonly name: string;
  /** False where the SQL alone does not say whether this column is meant. */
  readonly certain: boolean;
  /** Columns of the model whose values are made from it, in lower case. */
  readonly outputs: readonly string[];
  readonly line: number;
  readonly column: number;
}

/** The engine's parser and binder. Injected, because the core does no I/O. */
export interface SqlInspector {
  inspect(sql: string): Promise<SqlModel | SqlProblem>;
  /** Output columns of `sql`, given the tables it reads by qualified name. */
  describe(sql: string, inputs: ReadonlyMap<string, readonly Column[]>): Promise<readonly DescribedColumn[] | SqlProblem>;
  /** The columns that `sql` reads of its inputs, given the names of their columns by qualified name; of an input that is not given any name may be a column. */
  reads(sql: string, inputs: ReadonlyMap<string, readonly string[]>): Promise<readonly ColumnRead[] | SqlProblem>;
}

export function isSqlProblem(result: object): result is SqlProblem {
  return 'code' in result;
}
