import { withParser } from './parser';

/** Functions that give another value each time, or tell about the machine or session, which the engine does not mark as such. */
const ALSO_VOLATILE: readonly string[] = [
  'ago', 'current_catalog', 'current_localtime', 'current_localtimestamp', 'current_query', 'current_role', 'current_schema', 'current_schemas', 'current_setting',
  'current_time', 'current_timestamp', 'current_user', 'currval', 'getenv', 'getvariable', 'lastval', 'localtime', 'localtimestamp', 'nextval', 'pg_sleep',
  'session_user', 'set_config', 'statement_timestamp', 'clock_timestamp', 'user', 'version', 'which_secret',
];

/** Words that SQL reads as a call although they look like a column. */
export const TIME_WORDS: ReadonlySet<string> = new Set(['current_date', 'current_time', 'current_timestamp', 'localtime', 'localtimestamp']);

/** Calls that turn one row into several, or several into one, without being aggregates by the engine's own list. */
const NOT_ROW_BY_ROW: readonly string[] = ['unnest', 'unlist', 'generate_subscripts', 'regexp_split_to_table', 'geomean', 'geometric_mean', 'wavg', 'weighted_avg'];

export interface FunctionLists {
  /** Lower case: random, time, session and settings. */
  readonly forbidden: ReadonlySet<string>;
  /** Lower case: aggregates, and what else is not one value per row. */
  readonly notRowShaped: ReadonlySet<string>;
}

let lists: Promise<FunctionLists> | undefined;

/** What the engine's own catalog says of its functions, with the additions above; read once. */
export function functionLists(): Promise<FunctionLists> {
  lists ??= readLists();
  return lists;
}

async function readLists(): Promise<FunctionLists> {
  const rows = await withParser((engine) =>
    engine.rows<{ name: string; aggregate: boolean; unstable: boolean }>(
      `select lower(function_name) as name, bool_or(function_type = 'aggregate') as aggregate,
              bool_or(stability is not null and stability <> 'CONSISTENT') as unstable
       from duckdb_functions() group by 1`,
      'functions',
    ),
  );
  return {
    forbidden: new Set([...ALSO_VOLATILE, ...rows.filter((row) => row.unstable).map((row) => row.name)]),
    notRowShaped: new Set([...NOT_ROW_BY_ROW, ...rows.filter((row) => row.aggregate).map((row) => row.name)]),
  };
}
